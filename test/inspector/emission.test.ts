/** What the `inspect` option is told by real masters and slaves. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type {
  ChangeMoved,
  InspectedNode,
  MessageMoved,
  ReplicationInspectionEvent,
} from '../../lib/service/inspection.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';

const test = suite('what inspect is told');

interface Told {
  readonly type: string;
  readonly node?: InspectedNode;
}

class Log {
  readonly events: Told[] = [];
  readonly inspect = (event: unknown) => void this.events.push(event as Told);

  of<T extends ReplicationInspectionEvent['type']>(type: T) {
    return this.events.filter((event) => event.type === `${type}`) as unknown as Extract<
      ReplicationInspectionEvent,
      { type: T }
    >[];
  }

  messages(fate: MessageMoved['fate']): readonly string[] {
    const moved = this.of('@replichart.message').filter((event) => event.fate === fate);
    return moved.map(({ message }) => message.kind);
  }

  stages(): readonly string[] {
    return this.of('@replichart.change').map(({ stage }: ChangeMoved) => stage);
  }
}

test('a run is told from start to stop, and every event of it carries the node', async () => {
  const cluster = new ServiceCluster();
  const [up, down] = [new Log(), new Log()];
  const master = cluster.master({ inspect: up.inspect });
  const slave = cluster.slave('s1', { inspect: [down.inspect] });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
  await cluster.converge(master, [slave]);
  const [node] = up.of('@replichart.started').map((event) => event.node);
  const report = node?.report();
  assert.is(report?.role === 'master' && report.status.state, 'serving');
  assert.is(report?.role === 'master' && report.slaves[0]?.id, 's1');
  const [slaveNode] = down.of('@replichart.started').map((event) => event.node);
  const slaveReport = slaveNode?.report();
  assert.ok(slaveReport?.role === 'slave');
  assert.equal(slaveReport.position, slave.node.position);
  assert.is(slaveReport.status.summary, 'current');
  await cluster.stop(slave, master);
  for (const { events } of [up, down]) {
    assert.is(events[0]?.type, '@replichart.started');
    assert.is(events.at(-1)?.type, '@replichart.stopped');
    assert.is(new Set(events.map((event) => event.node)).size, 1);
  }
  assert.is(node?.incarnation.length, 21);
  assert.is(node?.item, 'item');
  const types = new Set(up.events.map(({ type }) => type));
  for (const type of ['@xstate.actor', '@xstate.event', '@xstate.microstep', '@xstate.snapshot']) {
    assert.ok(types.has(type), type);
  }
  assert.equal(
    up.messages('sent').filter((kind) => kind === 'prepare'),
    ['prepare'],
  );
  assert.ok(down.messages('received').includes('commit'));
  assert.ok(up.messages('received').includes('vote'));
  const ack = up.of('@replichart.message').find(({ message }) => message.kind === 'vote');
  assert.ok((ack?.bytes ?? 0) > 30);
  assert.is(ack?.message.envelope.sender, 's1');
});

test('a change is told by its stages, with votes and the reason of a veto', async () => {
  const cluster = new ServiceCluster();
  const log = new Log();
  const master = cluster.master({ inspect: log.inspect });
  const slaves = [cluster.slave('s1'), cluster.slave('s2', { data: refusing('bad') })];
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' }));
  assert.equal(log.stages(), ['begun', 'decided', 'committed', 'applied']);
  const [begun, decided] = log.of('@replichart.change');
  assert.equal(begun?.slaves, { s1: { stage: 'sent' }, s2: { stage: 'sent' } });
  assert.equal(decided?.slaves, { s1: { stage: 'prepared' }, s2: { stage: 'prepared' } });
  assert.is(begun?.to.lineage, master.node.position?.lineage);
  assert.is(begun?.to.version, master.node.position?.version);
  assert.is(begun?.updates, 1);
  log.events.length = 0;
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  assert.equal(log.stages(), ['begun', 'aborted']);
  const aborted = log.of('@replichart.change').at(-1);
  assert.is(aborted?.problem?.code, 'VETOED');
  assert.equal(aborted?.slaves.s2, { stage: 'vetoed', reason: 'bad is not wanted here' });
  log.events.length = 0;
  await cluster.finish(master.node.data.update(setter('b'), { ack: 'applied' }));
  assert.equal(log.stages(), ['begun', 'committed', 'applied']);
  const missing = cluster.master({ id: 'm2', inspect: log.inspect, atLeast: 3 });
  await cluster.start(missing);
  log.events.length = 0;
  await cluster.failure(missing.node.data.update(setter('c'), TWO_PHASE));
  assert.equal(log.stages(), ['aborted']);
  assert.match(log.of('@replichart.change')[0]?.problem?.reason ?? '', '3');
});

test('what is dropped is told with the reason, and trouble as the host hears it', async () => {
  const cluster = new ServiceCluster({ faults: { duplicateRatio: 1 }, seed: 'twice' });
  const [up, down] = [new Log(), new Log()];
  const master = cluster.master({ inspect: up.inspect });
  const slave = cluster.slave('s1', { inspect: down.inspect });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
  await cluster.converge(master, [slave]);
  const ignored = down.of('@replichart.message').filter(({ fate }) => fate === 'ignored');
  assert.ok(ignored.length > 0);
  assert.ok(ignored.some(({ reason }) => reason === 'older than what was heard'));
  cluster.network.cut('master', 's1');
  await cluster.clock.pass(5_000);
  const told = [...up.of('@replichart.trouble'), ...down.of('@replichart.trouble')];
  assert.equal(
    told.map(({ trouble }) => trouble),
    [...master.troubles, ...slave.troubles],
  );
  assert.ok(told.length > 0);
});

test('of several inspectors one that throws or rejects is cut off, and the others go on', async () => {
  const cluster = new ServiceCluster();
  const log = new Log();
  let calls = 0;
  const bad = () => {
    calls += 1;
    throw new Error('oops');
  };
  const late = () => Promise.reject(new Error('late oops'));
  const master = cluster.master({ inspect: [bad, log.inspect, late as never] });
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
  assert.is(calls, 1);
  const reasons = master.troubles.map(({ reason }) => reason);
  assert.is(reasons.filter((reason) => reason.includes('oops')).length, 2);
  assert.equal(log.of('@replichart.trouble').length, 2);
  assert.equal(log.stages(), ['begun', 'decided', 'committed', 'applied']);
  await cluster.stop(master);
  assert.throws(
    () => cluster.master({ inspect: [5] as never }),
    (error: Error) => /a function, or a list of functions/.test(error.message),
  );
});

test.run();
