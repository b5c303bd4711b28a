/** T49, T50: whatever a host's user layer does, it harms its own change or copy only. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import type { MasterUserLayer, SlaveUserLayer } from '../../lib/layers/contract.js';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { setter, slow, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: hosts that fail (T49, T50)');

type Failure = 'throws' | 'rejects' | 'hangs';
const FAILURES: readonly Failure[] = ['throws', 'rejects', 'hangs'];

function failing(how: Failure): unknown {
  if (how === 'throws') throw new Error('the host broke');
  return how === 'rejects' ? Promise.reject(new Error('the host broke')) : new Promise(() => {});
}

/** A ready-made layer of which one method fails while `isBroken()`. */
function broken<Layer extends object>(
  layer: Layer,
  method: string,
  how: Failure,
  isBroken: () => boolean,
): Layer {
  return new Proxy(layer, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== method) return value.bind(target);
      return (...args: unknown[]) => (isBroken() ? failing(how) : value.apply(target, args));
    },
  });
}

function stray(work: () => Promise<void>): () => Promise<void> {
  return async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    try {
      await work();
      await new Promise((resolve) => setTimeout(resolve, 0));
    } finally {
      process.off('unhandledRejection', note);
    }
    assert.equal(rejections, [], 'nothing a host does may end the process');
  };
}

for (const how of FAILURES) {
  for (const method of ['prepare', 'commit', 'abort', 'installSnapshot'] as const) {
    test(
      `T49: a slave layer whose ${method} ${how} harms itself only, and recovers`,
      stray(async () => {
        const cluster = new ServiceCluster();
        const master = cluster.master();
        const good = cluster.slave('good');
        let isBroken = method === 'installSnapshot';
        const layer = broken(document<Tree>({}).createSlaveLayer(), method, how, () => isBroken);
        const bad = cluster.slave('bad', { data: layer as never });
        await cluster.start(master, good, bad);
        await cluster.converge(master, [good]);
        if (method !== 'installSnapshot') await cluster.converge(master, [bad]);
        isBroken = true;
        await cluster.finish(master.node.data.update(setter('one')));
        await cluster.converge(master, [good], 1_000);
        await cluster.clock.pass(40_000);
        const two = master.node.data.update(setter('two'), TWO_PHASE);
        const outcome = await cluster.finish(
          two.then(
            () => 'committed',
            (error: ReplicationError) => error.code,
          ),
        );
        assert.is(outcome, method === 'prepare' ? 'ABORTED' : outcome);
        if (outcome === 'ABORTED') cluster.rules.aborted('two');
        await cluster.converge(master, [good], 35_000);
        if (method === 'commit' || method === 'installSnapshot') {
          assert.ok(bad.troubles.length > 0);
          await cluster.until('shown', () => bad.node.status.data === 'quarantined');
          assert.ok((bad.node.status.problem?.reason.length ?? 0) > 0);
        }
        isBroken = false;
        await cluster.converge(master, [good, bad], 120_000);
        await cluster.finish(master.node.data.update(setter('three'), TWO_PHASE));
        await cluster.converge(master, [good, bad], 120_000);
        await cluster.stop(master, good, bad);
        assert.equal(cluster.clock.pending, []);
      }),
    );
  }

  for (const method of ['commit', 'build', 'createDelta', 'createSnapshot', 'rollback'] as const) {
    test(
      `T50: a master layer whose ${method} ${how} fails its change, and goes on`,
      stray(async () => {
        const cluster = new ServiceCluster();
        let isBroken = false;
        const made = document<Tree>({}).createMasterLayer();
        const layer = broken(made, method, how, () => isBroken);
        const master = cluster.master({ data: layer as never });
        const first = cluster.slave('s1');
        await cluster.start(master, first);
        await cluster.converge(master, [first]);
        isBroken = true;
        const one = cluster.finish(
          master.node.data.update(setter('one')).then(
            () => 'committed',
            (error: unknown) => {
              assert.instance(error, ReplicationError);
              return 'refused';
            },
          ),
        );
        const expected = method === 'commit' || method === 'build' ? 'refused' : 'committed';
        assert.is(await one, expected);
        const late = cluster.slave('s2');
        await cluster.start(late);
        await cluster.clock.pass(40_000);
        const two = master.node.data.update(setter('two'), TWO_PHASE);
        two.rollback('never mind');
        await cluster.failure(two);
        isBroken = false;
        await cluster.finish(master.node.data.update(setter('three'), TWO_PHASE));
        await cluster.converge(master, [first, late], 120_000);
        await cluster.stop(master, first, late);
        assert.equal(cluster.clock.pending, []);
      }),
    );
  }
}

test('T49: a prepare that never ends is a no in its name, even where the vote deadline is long', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ voteTimeout: 60_000 });
  const slave = cluster.slave('s1', { data: slow('a'), prepareTimeout: 700 });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  const error = (await cluster.failure(
    master.node.data.update(setter('a'), TWO_PHASE),
    1_000,
  )) as ReplicationError;
  assert.is(error.slaves.s1?.stage, 'vetoed');
  cluster.rules.aborted('a');
  await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  await cluster.converge(master, [slave]);
});

test(
  'listeners, inspectors and subscribers may throw or reject, and hear of it as trouble',
  stray(async () => {
    const cluster = new ServiceCluster();
    const oops = () => {
      throw new Error('oops');
    };
    const master = cluster.master({ inspect: oops });
    const heard: unknown[] = [];
    const data = document<Tree>({}, { onError: (error) => void heard.push(error) });
    const slave = cluster.slave('s1', { inspect: oops, data });
    for (const event of ['slave', 'position', 'status', 'trouble'] as const) {
      master.node.on(event, oops);
      master.node.on(event, () => Promise.reject(new Error('late oops')) as never);
    }
    for (const event of ['status', 'position', 'reset', 'progress', 'trouble'] as const) {
      slave.node.on(event, oops);
      slave.node.on(event, () => Promise.reject(new Error('late oops')) as never);
    }
    slave.node.data.subscribe(oops);
    slave.node.data.subscribe(() => Promise.reject(new Error('late oops')) as never);
    await cluster.start(master, slave);
    await cluster.converge(master, [slave]);
    await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
    await cluster.converge(master, [slave]);
    const reasons = [...master.troubles, ...slave.troubles].map(({ reason }) => reason);
    assert.ok(reasons.some((reason) => reason.includes('oops')));
    assert.ok(heard.length >= 4, 'subscribers that throw or reject are told to onError');
    await cluster.stop(master, slave);
  }),
);

test('errors of a layer that fails to open or close are coded, and the store is let go', async () => {
  for (const how of ['throws', 'rejects'] as const) {
    const cluster = new ServiceCluster();
    const disk = new ServiceDisk();
    let isBroken = true;
    const data = broken(document<Tree>({}).createMasterLayer(), 'open', how, () => isBroken);
    const master = cluster.master({ data: data as never, disk });
    const error = await cluster.failure(master.node.start());
    assert.instance(error, ReplicationError);
    assert.is(disk.opened, 0, 'a failed start holds no store');
    isBroken = false;
    await cluster.start(master);
    const closing = new ServiceDisk();
    const layer = Object.assign(document<Tree>({}).createSlaveLayer(), {
      close: () => failing(how) as Promise<void>,
    });
    const slave = cluster.slave('s1', { data: layer as never, disk: closing });
    await cluster.start(slave);
    assert.instance(await cluster.failure(slave.node.stop()), ReplicationError);
    assert.is(closing.opened, 0, 'a failed close holds no store');
    assert.is(slave.node.status.summary, 'stopped');
  }
});

test(
  'an async participants predicate is refused: it would choose nobody',
  stray(async () => {
    const cluster = new ServiceCluster();
    const master = cluster.master({ participants: (async () => true) as never });
    const slave = cluster.slave('s1');
    await cluster.start(master, slave);
    await cluster.converge(master, [slave]);
    const error = (await cluster.failure(
      master.node.data.update(setter('a'), TWO_PHASE),
    )) as ReplicationError;
    assert.is(error.code, 'INVALID_OPTION');
    await cluster.finish(master.node.data.update(setter('b')));
  }),
);

test('layers made by hand: the least a host can write is replicated', async () => {
  const cluster = new ServiceCluster();
  const original: number[] = [];
  let at: ReturnType<MasterUserLayer['position']> = null;
  let submit: (change: number) => PromiseLike<unknown> = () => Promise.resolve();
  const upper: MasterUserLayer<number> = {
    attach: (service) => {
      submit = (change) => service.submit(change);
      service.start(0);
    },
    position: () => at,
    createDelta: () => {
      throw new Error('one by one only');
    },
    createSnapshot: () => {
      throw new Error('no snapshots');
    },
    commit: (delta, next) => {
      if (at !== null && at.version >= next.version) return;
      original.push(delta);
      at = next;
    },
    rollback: () => {},
  };
  const copy: number[] = [];
  let copyAt: ReturnType<SlaveUserLayer['position']> = null;
  const lower: SlaveUserLayer<number> = {
    position: () => copyAt,
    prepare: () => {},
    commit: (delta, next) => {
      copy.push(delta);
      copyAt = next;
    },
    abort: () => {},
    installSnapshot: (_chunks, next) => {
      copyAt = next;
    },
  };
  const { clock, network } = cluster;
  const master = createMaster({
    item: 'i',
    data: upper as never,
    transport: network.listen(),
    clock,
  });
  const slave = createSlave({
    item: 'i',
    id: 's',
    data: lower as never,
    transport: network.connect(),
    clock,
  });
  await cluster.finish(Promise.all([master.start(), slave.start()]));
  await clock.pass(100);
  const tasks = Array.from({ length: 3_000 }, (_, index) => submit(index + 1));
  await cluster.finish(Promise.all(tasks));
  assert.is(original.length, 3_001);
});

test.run();
