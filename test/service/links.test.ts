/** Lossy, duplicating, reordering, cut, partitioned links: S1-S9 at each change, L2 at last. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { seededRandom } from '../../lib/runtime/random.js';
import type { LinkFaults } from '../../lib/transports/memory/index.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: bad links');
const SEEDS = Number(process.env.SERVICE_SEEDS ?? 2);

const KINDS: Readonly<Record<string, LinkFaults>> = {
  loss: { lossRatio: 0.2, delayMsMean: 5 },
  duplicates: { duplicateRatio: 0.4, delayMsMean: 20 },
  reordering: { reorderRatio: 0.4, reorderMsMax: 900, delayMsMean: 30 },
  corruption: { corruptRatio: 0.1, delayMsMean: 5 },
  everything: {
    lossRatio: 0.1,
    duplicateRatio: 0.2,
    reorderRatio: 0.3,
    reorderMsMax: 1500,
    delayMsMean: 40,
    corruptRatio: 0.03,
  },
};

async function live(kind: string, faults: LinkFaults, seed: number): Promise<void> {
  const random = seededRandom(`${kind} ${seed}`, 'workload');
  const cluster = new ServiceCluster({ seed: `${kind} ${seed}`, faults });
  const hasDisk = random() < 0.5;
  const disk = () => (hasDisk ? { disk: new ServiceDisk() } : {});
  const master = cluster.master({ ...disk(), heartbeat: 300, voteTimeout: 1500 });
  const slaves = ['s1', 's2', 's3'].map((id) => cluster.slave(id, { ...disk(), silence: 900 }));
  await cluster.start(master, ...slaves);
  const tasks: PromiseLike<unknown>[] = [];
  for (let step = 0; step < 30; step += 1) {
    const key = `k${step}`;
    const task = master.node.data.update(setter(key, step), random() < 0.5 ? TWO_PHASE : {});
    if (random() < 0.1) task.rollback('changed my mind');
    tasks.push(
      task.then(undefined, (error: ReplicationError) => {
        if (error.code !== 'ABORTED') throw error;
        cluster.rules.aborted(key);
      }),
    );
    const slave = `s${1 + Math.floor(random() * 3)}`;
    const dice = random();
    if (dice < 0.1) cluster.network.cut('master', slave);
    else if (dice < 0.2) cluster.network.partition('master', slave, { oneWay: random() < 0.5 });
    else if (dice < 0.35) cluster.network.heal();
    await cluster.clock.pass(random() * 700);
  }
  cluster.network.heal();
  await cluster.finish(Promise.all(tasks));
  for (const { node } of slaves) {
    cluster.network.setFaults('master', node.id, {});
    cluster.network.setFaults(node.id, 'master', {});
  }
  await cluster.converge(master, slaves);
  await cluster.finish(master.node.data.update(setter('last'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(master, slaves);
  await cluster.stop(master, ...slaves);
  assert.equal(cluster.clock.pending, [], 'nothing is left behind');
}

test('L3: a slave that fell silent is told once, however long its connection takes to end', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  const { wire } = master;
  const end = wire.disconnect.bind(wire);
  wire.disconnect = (peer) => void cluster.clock.setTimeout(() => end(peer), 10_000);
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  cluster.network.partition('master', 's1');
  const told = () => master.troubles.filter(({ reason }) => reason.includes('silent for too long'));
  await cluster.until('it is told', () => told().length > 0, 60_000);
  await cluster.clock.pass(8_000);
  assert.is(told().length, 1);
  cluster.network.heal();
  await cluster.converge(master, [slave], 60_000);
});

for (const [kind, faults] of Object.entries(KINDS)) {
  test(`S1, S6, S7, S9, L2: ${kind}, ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      try {
        await live(kind, faults, seed);
      } catch (error) {
        throw new Error(`${kind}, seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}

test.run();
