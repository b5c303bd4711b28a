/** T03: masters and slaves die and return at random, over bad links; S1-S9 hold, L2 in the end. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { type MasterLife, ServiceCluster, type SlaveLife } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: swarm');
const SEEDS = Number(process.env.SERVICE_SEEDS ?? 3);
const FIRST = Number(process.env.SERVICE_SEED ?? 1);

async function live(seed: number): Promise<void> {
  const random = seededRandom(seed, 'swarm');
  const faults = {
    lossRatio: random() < 0.5 ? 0.1 : 0,
    duplicateRatio: random() < 0.5 ? 0.2 : 0,
    reorderRatio: random() < 0.5 ? 0.2 : 0,
    reorderMsMax: 800,
    delayMsMean: random() * 60,
  };
  const cluster = new ServiceCluster({ seed, faults });
  const disk = new ServiceDisk();
  const slow = random() < 0.5;
  const slowDown = (one: ServiceDisk) => {
    if (!slow) return;
    one.before = () => new Promise((done) => cluster.clock.setTimeout(done, random() * 80));
  };
  const ids = ['s1', 's2', 's3'];
  const disks = ids.map(() => new ServiceDisk());
  const bear = async (): Promise<MasterLife> => {
    slowDown(disk);
    const life = cluster.master({ disk, heartbeat: 300, voteTimeout: 1200 });
    await cluster.start(life);
    return life;
  };
  const bearSlave = async (index: number): Promise<SlaveLife> => {
    slowDown(disks[index] as ServiceDisk);
    const own = index === 2 ? {} : { disk: disks[index] as ServiceDisk };
    const life = cluster.slave(ids[index] as string, { ...own, silence: 900 });
    await cluster.start(life);
    return life;
  };
  let master = await bear();
  const slaves = [await bearSlave(0), await bearSlave(1), await bearSlave(2)];
  const acknowledged: string[] = [];
  for (let step = 0; step < 40; step += 1) {
    const key = `k${step}`;
    master.node.data.update(setter(key, step), random() < 0.6 ? TWO_PHASE : {}).then(
      () => acknowledged.push(key),
      (error: ReplicationError) => {
        if (error.code === 'ABORTED') cluster.rules.aborted(key);
      },
    );
    await cluster.clock.pass(random() * 500);
    const dice = random();
    const kind = random() < 0.5 ? 'power' : 'process';
    if (dice < 0.08) {
      master.kill(kind);
      await cluster.clock.pass(random() * 3_000);
      master = await bear();
    } else if (dice < 0.2) {
      const index = Math.floor(random() * 3);
      slaves[index]?.kill(kind);
      await cluster.clock.pass(random() * 1_500);
      slaves[index] = await bearSlave(index);
    } else if (dice < 0.3) cluster.network.cut('master', ids[Math.floor(random() * 3)] as string);
  }
  for (const id of ids) {
    cluster.network.setFaults('master', id, {});
    cluster.network.setFaults(id, 'master', {});
  }
  await cluster.clock.pass(5_000);
  await cluster.converge(master, slaves);
  await cluster.finish(master.node.data.update(setter('last'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(master, slaves);
  const value = master.node.data.get();
  for (const key of acknowledged)
    assert.ok(key in value, `S3: ${key} was acknowledged and is gone`);
  await cluster.stop(master, ...slaves);
  assert.equal(cluster.clock.pending.length, 0, 'nothing is left behind');
}

test(`S1-S9, L2: ${SEEDS} seeds from ${FIRST}`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    try {
      await live(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});

test.run();
