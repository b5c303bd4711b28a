/**
 * A master in the main thread, slaves in real worker threads, child processes and workers of
 * `node:cluster` at once: join, one-phase, two-phase, veto, kill, catch up, and an orderly end.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, keyValue, ReplicationError } from '../../lib/index.js';
import {
  isReplichartMessage,
  type WorkerMasterTransport,
  type WorkerTarget,
  workerListen,
} from '../../lib/transports/worker/index.js';

const test = suite('worker threads, child processes and cluster workers');

const PROGRAM = new URL('../support/worker-slave.js', import.meta.url);
const REFUSED = 'refused by every slave';
const DEADLINE_MS = 60_000;
const TWO_PHASE = { method: 'two-phase', ack: 'applied', timeout: DEADLINE_MS } as const;

/** A thread or process with a slave, and how the test talks to it. */
interface Place {
  readonly id: string;
  readonly target: WorkerTarget;
  readonly exit: Promise<unknown>;
  /** All messages that the host's own listener heard and that were not the transport's. */
  readonly heard: unknown[];
  say(message: object): void;
  kill(): unknown;
}

type Listen = (event: 'message' | 'exit', listener: (message: unknown) => void) => unknown;

function place(
  id: string,
  target: WorkerTarget,
  on: Listen,
  say: Place['say'],
  kill: Place['kill'],
): Place {
  const heard: unknown[] = [];
  on('message', (message) => {
    if (!isReplichartMessage(message)) heard.push(message);
  });
  const exit = new Promise((resolve) => on('exit', resolve));
  return { id, target, exit, heard, say, kill };
}

function threadPlace(id: string): Place {
  const thread = new Worker(PROGRAM, { env: { ...process.env, REPLICHART_SLAVE: id } });
  const say = (message: object) => thread.postMessage(message);
  return place(id, thread, thread.on.bind(thread), say, () => thread.terminate());
}

function childPlace(id: string): Place {
  const env = { ...process.env, REPLICHART_SLAVE: id };
  const child = fork(PROGRAM, { serialization: 'advanced', env });
  const say = (message: object) => void child.send(message);
  return place(id, child, child.on.bind(child), say, () => child.kill('SIGKILL'));
}

function clusterPlace(id: string): Place {
  cluster.setupPrimary({ exec: fileURLToPath(PROGRAM), serialization: 'advanced' });
  const worker = cluster.fork({ REPLICHART_SLAVE: id });
  const say = (message: object) => void worker.send(message);
  return place(id, worker, worker.on.bind(worker), say, () => worker.process.kill('SIGKILL'));
}

const KINDS = { thread: threadPlace, child: childPlace, cluster: clusterPlace };

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`missing after ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function ask(there: Place, question: string): Promise<unknown> {
  const before = there.heard.length;
  there.say({ ask: question });
  await until(`an answer of ${there.id}`, () => there.heard.length > before);
  const { ask: asked, answer } = there.heard.at(-1) as { ask: string; answer: unknown };
  assert.is(asked, question);
  return answer;
}

interface World {
  readonly transport: WorkerMasterTransport;
  readonly master: ReturnType<typeof openMaster>;
  readonly places: Place[];
}

function openMaster(transport: WorkerMasterTransport) {
  return createMaster({ item: 'flags', data: keyValue<string>(), transport, heartbeat: 500 });
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const transport = workerListen();
  const master = openMaster(transport);
  const places: Place[] = [];
  try {
    await master.start();
    await run({ transport, master, places });
  } finally {
    await master.stop();
    for (const there of places) await there.kill();
    await Promise.all(places.map(({ exit }) => exit));
  }
}

async function addAll({ transport, places }: World): Promise<void> {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const number of [1, 2]) {
      const there = make(`${kind}-${number}`);
      transport.add(there.target);
      places.push(there);
    }
  }
}

async function reached({ master, places }: World, version: number): Promise<void> {
  for (;;) {
    const at = await master.slavesAt(version);
    if (places.every(({ id }) => at.includes(id))) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function sameEverywhere(world: World): Promise<void> {
  const wanted = Object.fromEntries(world.master.data.entries());
  for (const there of world.places) assert.equal(await ask(there, 'data'), wanted, there.id);
}

test('join, one-phase, two-phase, veto, with the host talking over the same channels', async () => {
  await inWorld(async (world) => {
    const { master, places } = world;
    await addAll(world);
    const one = await master.data.set('method', 'one-phase');
    await reached(world, one.version);
    await sameEverywhere(world);

    const two = await master.data.set('method', 'two-phase', TWO_PHASE);
    assert.equal([...two.participants].sort(), places.map(({ id }) => id).sort());
    assert.equal(two.unconfirmed, []);
    await sameEverywhere(world);

    const error = await master.data.set('method', REFUSED, TWO_PHASE).then(
      () => assert.unreachable('a change that all refuse was made'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ReplicationError && error.code === 'ABORTED', String(error));
    await sameEverywhere(world);

    const large = 'larger than what is packed together '.repeat(20_000);
    await master.data.set('large', large, TWO_PHASE);
    await sameEverywhere(world);
  });
});

test('killed ones leave, others go on; new ones in their place catch up', async () => {
  await inWorld(async (world) => {
    const { master, transport, places } = world;
    await addAll(world);
    const first = await master.data.set('before', 'yes');
    await reached(world, first.version);
    const killed = places.filter(({ id }) => id.endsWith('-1'));
    for (const there of killed) {
      await there.kill();
      await there.exit;
      places.splice(places.indexOf(there), 1);
    }
    const isGone = ({ id }: Place) =>
      master.slaves().every((slave) => slave.id !== id || slave.peer === null);
    await until('the killed ones left', () => killed.every(isGone));
    const without = await master.data.set('while they were away', 'yes', TWO_PHASE);
    assert.equal([...without.participants].sort(), places.map(({ id }) => id).sort());

    for (const [kind, make] of Object.entries(KINDS)) {
      const there = make(`${kind}-1`);
      transport.add(there.target);
      places.push(there);
    }
    await reached(world, without.version);
    await sameEverywhere(world);
    const all = await master.data.set('after', 'yes', TWO_PHASE);
    assert.is(all.participants.length, places.length);
    await sameEverywhere(world);
  });
});

test('a thread or process ends by itself once its slave stopped', async () => {
  await inWorld(async (world) => {
    await addAll(world);
    const { version } = await world.master.data.set('once', 'yes');
    await reached(world, version);
    for (const there of world.places) there.say({ ask: 'stop' });
    await Promise.all(world.places.map(({ exit }) => exit));
    const isLeft = () => world.master.slaves().every(({ peer }) => peer === null);
    await until('the master was told of all ends', isLeft);
  });
});

test('a master that stops and one that takes its place: all join again', async () => {
  await inWorld(async (world) => {
    await addAll(world);
    const { version } = await world.master.data.set('first', 'yes');
    await reached(world, version);
    await world.master.stop();
    await world.master.start();
    const again = await world.master.data.set('second', 'yes');
    await reached(world, again.version);
    await sameEverywhere(world);
  });
});

test.run();
