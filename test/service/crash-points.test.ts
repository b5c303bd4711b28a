/** T01, T02: master dies at M0-M13, slave at P0-P11; all agree after the restart (S1, S3). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeFrame } from '../../lib/wire/frame.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { type MasterLife, ServiceCluster, type SlaveLife } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: crash points');

type Kind = 'process' | 'power';
const KINDS: readonly Kind[] = ['process', 'power'];
const IS_FULL = Number(process.env.SERVICE_SEEDS ?? 0) >= 10;

interface Scene {
  readonly cluster: ServiceCluster;
  readonly master: MasterLife;
  readonly slaves: readonly SlaveLife[];
  readonly disks: readonly ServiceDisk[];
}

async function scene(): Promise<Scene> {
  const cluster = new ServiceCluster();
  const disks = [new ServiceDisk(), new ServiceDisk(), new ServiceDisk()];
  const [m, a, b] = disks as [ServiceDisk, ServiceDisk, ServiceDisk];
  const master = cluster.master({ disk: m, heartbeat: 300, voteTimeout: 1000 });
  const slaves = [
    cluster.slave('s1', { disk: a, silence: 900 }),
    cluster.slave('s2', { disk: b, silence: 900 }),
  ];
  await cluster.start(master, ...slaves);
  await cluster.finish(master.node.data.update(setter('base'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(master, slaves);
  await cluster.clock.pass(1_000);
  return { cluster, master, slaves, disks };
}

/** The outcome the host was told of, if it was. */
function follow(task: PromiseLike<unknown>): { outcome: 'none' | 'committed' | 'failed' } {
  const told: { outcome: 'none' | 'committed' | 'failed' } = { outcome: 'none' };
  task.then(
    () => {
      told.outcome = 'committed';
    },
    () => {
      told.outcome = 'failed';
    },
  );
  return told;
}

async function agree(cluster: ServiceCluster, master: MasterLife, slaves: readonly SlaveLife[]) {
  await cluster.converge(master, slaves, 30_000);
  await cluster.until('nobody holds a round', () =>
    slaves.every(({ node }) => node.status.round === 'none'),
  );
  await cluster.finish(master.node.data.update(setter('after'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(master, slaves);
  cluster.rules.check();
}

/** Runs one change; the process dies at its n-th step (a write begun, done, a frame out or in). */
async function dieAt(who: 'master' | 's1', step: number, kind: Kind, method: object) {
  const { cluster, master, slaves, disks } = await scene();
  const victim = who === 'master' ? master : (slaves[0] as SlaveLife);
  const disk = victim.disk as ServiceDisk;
  let steps = 0;
  let isDead = false;
  let isArmed = true;
  const count = (): void => {
    if (isDead || !isArmed) return;
    steps += 1;
    if (steps !== step) return;
    isDead = true;
    victim.kill(kind);
  };
  disk.before = count;
  disk.after = count;
  victim.wire.onSend = count;
  victim.wire.onReceive = count;
  const told = follow(master.node.data.update(setter('change'), method));
  await cluster.clock.pass(2_500);
  isArmed = false;
  if (!isDead) return { isOver: true, visible: false };
  const rest = slaves.filter((life) => life !== victim);
  let reborn = master;
  if (who === 'master') {
    reborn = cluster.master({ disk: disks[0] as ServiceDisk, heartbeat: 300, voteTimeout: 1000 });
    await cluster.start(reborn);
    await agree(cluster, reborn, slaves);
  } else {
    const again = cluster.slave('s1', { disk: disks[1] as ServiceDisk, silence: 900 });
    await cluster.start(again);
    await agree(cluster, master, [again, ...rest]);
  }
  const value = reborn.node.data.get();
  assert.is(value.base, 1, 'S3: what was acknowledged stays');
  if (told.outcome === 'committed') assert.is(value.change, 1, 'S3: acknowledged, then gone');
  if (told.outcome === 'failed' && who === 's1') assert.is(value.change, undefined, 'P21: aborted');
  return { isOver: false, visible: value.change === 1 };
}

for (const who of ['master', 's1'] as const) {
  for (const [name, method] of [
    ['two-phase', { ...TWO_PHASE, ack: 'applied' }],
    ['one-phase', {}],
  ] as const) {
    // All of both kinds where there is time; else they take turns.
    for (const kinds of IS_FULL ? KINDS.map((kind) => [kind]) : [KINDS]) {
      test(`S1, S3: ${who} dies at every step of a ${name} change (${kinds.join(', ')})`, async () => {
        const seen = new Set<boolean>();
        let step = 1;
        for (; ; step += 1) {
          try {
            const kind = kinds[step % kinds.length] as Kind;
            const { isOver, visible } = await dieAt(who, step, kind, method);
            if (isOver || step > 60) break;
            seen.add(visible);
          } catch (error) {
            throw new Error(`step ${step}: ${(error as Error).message}`, { cause: error });
          }
        }
        assert.ok(step > 4, 'there were steps to die at');
        if (name === 'two-phase')
          assert.is(seen.size, 2, 'some steps lead to commit, some to abort');
      });
    }
  }
}

test('M13: a master that dies again and again amid its recovery ends where its disk says', async () => {
  const { cluster, master, slaves, disks } = await scene();
  const disk = disks[0] as ServiceDisk;
  disk.after = ({ keys }) =>
    void (keys.some((key) => key.includes('decision')) && master.kill('power'));
  void master.node.data.update(setter('change'), TWO_PHASE);
  await cluster.clock.pass(2_000);
  for (let step = 1; step <= 8; step += 1) {
    const next = cluster.master({ disk, heartbeat: 300 });
    let left = step;
    disk.before = () => {
      left -= 1;
      if (left === 0) next.kill('power');
    };
    void next.node.start().catch(() => {});
    await cluster.clock.pass(700);
    if (!next.clock.isDead) next.kill('power');
  }
  const last = cluster.master({ disk, heartbeat: 300 });
  await cluster.start(last);
  await agree(cluster, last, slaves);
  assert.is(last.node.data.get().change, 1);
});

test('every frame of a life is one a decoder takes: no step of the above was counted in vain', async () => {
  const { cluster, master, slaves } = await scene();
  const kinds = new Set<string>();
  master.wire.onSend = (frame) => kinds.add(decodeFrame(frame).kind);
  (slaves[0] as SlaveLife).wire.onSend = (frame) => kinds.add(decodeFrame(frame).kind);
  await cluster.finish(master.node.data.update(setter('x'), { ...TWO_PHASE, ack: 'applied' }));
  assert.equal([...kinds].sort(), ['ack', 'commit', 'prepare', 'vote']);
});

test.run();
