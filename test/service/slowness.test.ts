/**
 * P8, P12: whatever is slow, and whatever is lost on the way, a change that nobody objects to and
 * whose time is not up is made: nobody says no for want of time.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { document } from '../../lib/layers/document/document.js';
import type { Relay } from '../../lib/relay/index.js';
import type { Clock } from '../../lib/runtime/clock.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { RelayCluster } from '../support/relay-cluster.js';
import { setter, slowly, TWO_PHASE, type Wait } from '../support/service-changes.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: slowness');
const SEEDS = Number(process.env.SERVICE_SEEDS ?? 12);
const FIRST = Number(process.env.SERVICE_SEED ?? 1);

const HEARTBEAT_MS = 200;
const CHANGES = 24;
/** Time enough for everything: an abort would be somebody's no. */
const PATIENCE_MS = 10 * 60_000;
const PATIENT_RELAY = { voteTimeout: PATIENCE_MS };

function waits(clock: Clock, random: Random, mostMs: number): Wait {
  return () => {
    if (mostMs === 0 || random() < 0.3) return undefined;
    const ms = random() * mostMs;
    return new Promise((resolve) => void clock.setTimeout(resolve, ms));
  };
}

function slowDocument(wait: Wait) {
  const data = document<Tree>({});
  const ofMaster = ['build', 'commit', 'createDelta', 'createSnapshot'];
  const ofSlave = ['prepare', 'commit', 'abort', 'installSnapshot'];
  return {
    ...data,
    createMasterLayer: () => slowly(data.createMasterLayer(), ofMaster, wait),
    createSlaveLayer: () => slowly(data.createSlaveLayer(), ofSlave, wait),
  };
}

/** How bad this run's layers, disks and links are; each of them may be perfect. */
function conditions(random: Random) {
  const maybe = (most: number) => (random() < 0.6 ? random() * most : 0);
  return {
    layerMs: maybe(6 * HEARTBEAT_MS),
    diskMs: maybe(4 * HEARTBEAT_MS),
    faults: {
      delayMsMean: maybe(100),
      lossRatio: maybe(0.15),
      duplicateRatio: maybe(0.2),
      reorderRatio: maybe(0.2),
      reorderMsMax: 2 * HEARTBEAT_MS,
    },
  };
}

/** A master and three slaves, two of them below a relay with an even seed; all equally slow. */
function slowCluster(seed: number, random: Random) {
  const { layerMs, diskMs, faults } = conditions(random);
  const cluster = new RelayCluster({ seed, faults });
  const wait = waits(cluster.clock, random, layerMs);
  const diskWait = waits(cluster.clock, random, diskMs);
  const disk = () => {
    const own = new ServiceDisk();
    own.before = () => diskWait();
    return { disk: own };
  };
  const data = () => ({ data: slowDocument(wait) });
  const master = cluster.master({
    ...disk(),
    ...data(),
    heartbeat: HEARTBEAT_MS,
    voteTimeout: PATIENCE_MS,
  });
  const relays = seed % 2 === 0 ? [cluster.relay('r1', { ...disk(), ...PATIENT_RELAY })] : [];
  const to = relays.length === 0 ? 'master' : 'r1';
  const slaves = ['s1', 's2', 's3'].map((id) =>
    cluster.slave(id, {
      ...disk(),
      ...data(),
      prepareTimeout: PATIENCE_MS,
      to: id === 's2' ? 'master' : to,
    }),
  );
  const words = `seed ${seed}: ${JSON.stringify({ layerMs, diskMs, faults, to })}`;
  return { cluster, master, relays, slaves, words };
}

function isLive(relay: Relay): boolean {
  return relay.status.link === 'live';
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed, 'slowness');
  const { cluster, master, relays, slaves, words } = slowCluster(seed, random);
  const [late, ...early] = slaves;
  await cluster.start(master, ...relays, ...early);
  // A relay that finds a round open when it comes says no: it may have had an earlier life (P11).
  await cluster.until('relays are live', () => relays.every(({ node }) => isLive(node)));
  const changes: Array<PromiseLike<unknown>> = [];
  const refusals: string[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    if (index === CHANGES / 2 && late !== undefined) changes.push(late.node.start());
    const method = random() < 0.7 ? TWO_PHASE : {};
    const task = master.node.data.update(setter(`k${index}`, index), method);
    const refused = (error: unknown) => void refusals.push(`k${index}: ${error}`);
    changes.push(task.then(() => undefined, refused));
    await cluster.clock.pass(random() < 0.5 ? 0 : random() * 4 * HEARTBEAT_MS);
  }
  await cluster.finish(Promise.all(changes), 60 * 60_000);
  assert.equal(refusals, [], words);
  await cluster.converge(master, slaves, PATIENCE_MS);
  assert.is(Object.keys(master.node.data.get()).length, CHANGES);
  await cluster.stop(master, ...relays, ...slaves);
}

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`every change is made, seed ${seed} (SERVICE_SEED=${seed} SERVICE_SEEDS=1)`, () =>
    run(seed));
}

test.run();
