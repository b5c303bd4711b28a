/** Ports and processes: what is handed over, what is left alone, what is refused, and the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import type { SlaveTransport, Transport } from '../../lib/transports/contract.js';
import {
  isReplichartMessage,
  type WorkerListenOptions,
  type WorkerTarget,
  workerConnect,
  workerListen,
} from '../../lib/transports/worker/index.js';
import { marked } from '../../lib/transports/worker/message.js';
import { RecordingSink, until } from '../support/recording-sink.js';
import { processEnds } from '../support/worker-pairs.js';

const test = suite('worker transport');

interface JoinedSlave {
  readonly slave: SlaveTransport;
  readonly sink: RecordingSink;
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}

async function join(slaves: number, options: WorkerListenOptions = {}) {
  const master = workerListen(options);
  const sink = new RecordingSink();
  await master.open(sink);
  const there: JoinedSlave[] = [];
  for (let index = 0; index < slaves; index += 1) {
    const { port1, port2 } = new MessageChannel();
    const slave = workerConnect(port2, { reconnectMsMax: 20 });
    const own = new RecordingSink();
    master.add(port1);
    await slave.open(own);
    await until('joined', () => own.joins.length === 1 && sink.joins.length === index + 1);
    there.push({ slave, sink: own, port1, port2 });
  }
  const close = async () => {
    await Promise.all(there.map(({ slave }) => slave.close()));
    await master.close();
    for (const { port1 } of there) port1.close();
  };
  return { master, sink, there, close };
}

/** A frame within a larger memory, as frames of a run are. */
function within(bytes: number): { readonly memory: Uint8Array; readonly frame: Uint8Array } {
  const memory = new Uint8Array(bytes + 20_000).fill(1);
  return { memory, frame: memory.subarray(10_000, 10_000 + bytes) };
}

for (const bytes of [10, 4_096, 40_000, 70_000, 1_000_000]) {
  test(`a frame of ${bytes} bytes for many stays the sender's, and each gets its own`, async () => {
    const { master, sink, there, close } = await join(3);
    const { memory, frame } = within(bytes);
    master.multicast(sink.joins, frame);
    master.send(sink.peer, frame);
    await until('all frames', () =>
      there.every((each, at) => each.sink.frames.length === (at === 2 ? 2 : 1)),
    );
    assert.is(memory.length, bytes + 20_000, 'the memory was handed over');
    const got = there.flatMap((each) => each.sink.frames);
    got.forEach((each, at) => {
      assert.is(each.buffer instanceof ArrayBuffer, true, 'memory that others have too');
      assert.is(each.length, bytes);
      assert.ok(each.every((value) => value === 1));
      each.fill(at + 2);
    });
    for (const [at, each] of got.entries()) assert.ok(each.every((value) => value === at + 2));
    assert.ok(memory.every((value) => value === 1));
    await close();
  });
}

test("the host's own messages pass, and a port carries several channels", async () => {
  const { port1, port2 } = new MessageChannel();
  const heard: unknown[] = [];
  port2.on('message', (message) => {
    if (!isReplichartMessage(message)) heard.push(message);
  });
  const sinks: RecordingSink[] = [];
  const all: Transport[] = [];
  for (const channel of ['a', 'b']) {
    const master = workerListen({ channel });
    const slave = workerConnect(port2, { channel });
    const [mine, theirs] = [new RecordingSink(), new RecordingSink()];
    await master.open(mine);
    master.add(port1);
    await slave.open(theirs);
    await until('joined', () => mine.joins.length === 1 && theirs.joins.length === 1);
    sinks.push(theirs);
    all.push(slave, master);
    master.send(mine.peer, new TextEncoder().encode(channel));
  }
  const own = ['text', 7, null, { replichart: 'other' }, { kind: 'frames' }, [1], undefined];
  for (const message of own) port1.postMessage(message);
  await until(
    'all',
    () => sinks.every(({ frames }) => frames.length > 0) && heard.length === own.length,
  );
  assert.equal(heard, own);
  const texts = sinks.map(({ frames }) => frames.map((frame) => new TextDecoder().decode(frame)));
  assert.equal(texts, [['a'], ['b']]);
  assert.equal(
    sinks.flatMap(({ troubles }) => troubles),
    [],
  );
  for (const transport of all) await transport.close();
  // Nobody closed the host's port.
  port1.postMessage('still there');
  await until('still there', () => heard.at(-1) === 'still there');
  port1.close();
});

test('a process that carries no bytes is refused with INVALID_OPTION, told to both once', async () => {
  const ends = await processEnds('json');
  const [near, far] = ends.open();
  const master = workerListen();
  const slave = workerConnect(far, { reconnectMsMax: 5 });
  const [mine, theirs] = [new RecordingSink(), new RecordingSink()];
  await master.open(mine);
  master.add(near);
  await slave.open(theirs);
  await until('told', () => mine.troubles.length > 0 && theirs.troubles.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const { troubles, joins } of [mine, theirs]) {
    assert.equal(
      troubles.map(({ code }) => code),
      ['INVALID_OPTION'],
    );
    assert.match(troubles[0]?.message ?? '', "serialization: 'advanced'");
    assert.equal(joins, []);
  }
  await slave.close();
  await master.close();
  await ends.close();
});

test('a port that closes: its slaves left, and the slave is told once it is for good', async () => {
  const { master, sink, there, close } = await join(2);
  const [first, second] = there;
  assert.ok(first && second);
  first.port2.close();
  await until('left', () => sink.lefts.length === 1 && first.sink.lefts.length === 1);
  assert.is(sink.lefts[0]?.error?.code, 'NOT_RUNNING');
  assert.is(first.sink.lefts[0]?.error?.code, 'NOT_RUNNING');
  assert.match(first.sink.lefts[0]?.error?.message ?? '', 'for good');
  master.multicast(sink.joins, Uint8Array.of(1));
  await until('the other goes on', () => second.sink.frames.length === 1);
  assert.equal(first.sink.troubles, []);
  await close();
});

test('a process that ends in several ways at once is told once, joined or not', async () => {
  const failures: Array<(error: Error | null) => void> = [];
  const parent = Object.assign(new EventEmitter(), {
    send: (_message: object, _handle: undefined, _options: undefined, failed: never) =>
      failures.push(failed) > 0,
  });
  const slave = workerConnect(parent);
  const sink = new RecordingSink();
  await slave.open(sink);
  await until('a hello', () => failures.length > 0);
  parent.emit('disconnect');
  for (const failed of failures) failed(new Error('the channel is closed'));
  parent.emit('exit', 1);
  const why = 'its process disconnected';
  assert.equal(
    sink.troubles.map(({ code, message }) => `${code} ${message}`),
    [`NOT_RUNNING the way to the master on worker:main is closed for good: ${why}`],
  );
  await slave.close();
});

test('a target that is removed: its slave left in order, and no other joins from there', async () => {
  const { master, sink, there, close } = await join(1);
  const [only] = there;
  assert.ok(only);
  master.remove(only.port1);
  await until('left', () => sink.lefts.length === 1 && only.sink.lefts.length === 1);
  assert.is(sink.lefts[0]?.error, null);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(sink.joins.length, 1);
  master.add(only.port1);
  await until('back', () => sink.joins.length === 2);
  await close();
});

/** Both ends of a channel on which a message arrives when the test lets it. */
function slowEnds(): { near: EventEmitter; far: EventEmitter; deliver: () => void } {
  const waiting: Array<() => void> = [];
  const [near, far] = [new EventEmitter(), new EventEmitter()];
  const sendsTo = (other: EventEmitter) => ({
    send: (message: unknown) => waiting.push(() => other.emit('message', message)),
  });
  Object.assign(near, sendsTo(far));
  Object.assign(far, sendsTo(near));
  return { near, far, deliver: () => waiting.splice(0).forEach((pass) => void pass()) };
}

test('a slave that says hello again, while the first is on its way, joins once', async () => {
  const clock = new VirtualClock();
  const { near, far, deliver } = slowEnds();
  const [sink, own] = [new RecordingSink(), new RecordingSink()];
  const master = workerListen({ clock });
  const slave = workerConnect(far as WorkerTarget, { clock });
  await master.open(sink);
  master.add(near as WorkerTarget);
  await slave.open(own);
  await clock.settle();
  // It hears of the master behind its hello, and the hello is not answered for long.
  far.emit('message', marked({ channel: 'main', kind: 'here', link: '' }));
  await clock.pass(60);
  for (let turn = 0; turn < 6; turn += 1) {
    deliver();
    await clock.settle();
  }
  assert.is(own.joins.length, 1);
  assert.is(sink.joins.length, 1, 'the master took two hellos of one slave for two slaves');
  assert.equal([sink.lefts, own.lefts], [[], []]);
  const closing = Promise.all([slave.close(), master.close()]);
  deliver();
  await clock.settle();
  deliver();
  await closing;
});

test('P15: a peer that takes nothing is full, then dropped after the stall time', async () => {
  const clock = new VirtualClock();
  // The other end is nobody; the test speaks as the slave.
  const port = new EventEmitter() as EventEmitter & Pick<MessagePort, 'postMessage'>;
  const posted: object[] = [];
  port.postMessage = (message: object) => void posted.push(message);
  const master = workerListen({ clock, stallTimeoutMs: 5_000 });
  const sink = new RecordingSink();
  await master.open(sink);
  master.add(port);
  const hello = { kind: 'hello', link: 'x', frameBytesMax: 4 * 1024 * 1024, acknowledgeBytes: 1 };
  port.emit('message', {
    replichart: 'worker 1',
    channel: 'main',
    probe: new Uint8Array(1),
    ...hello,
  });
  assert.is(sink.joins.length, 1);
  while (master.writable(sink.peer)) master.send(sink.peer, new Uint8Array(1024 * 1024));
  await clock.pass(4_999);
  assert.equal(sink.lefts, []);
  await clock.pass(2);
  await clock.settle();
  assert.is(sink.lefts[0]?.error?.code, 'OVERLOADED');
  assert.match(sink.lefts[0]?.error?.message ?? '', 'took no bytes for 5000 ms');
  await master.close();
});

const WRONG: ReadonlyArray<readonly [object, string]> = [
  [{ kind: 'frames', pieces: 'x', lengths: [] }, 'PROTOCOL'],
  [{ kind: 'frames', pieces: [new Uint8Array(5)], lengths: [4] }, 'PROTOCOL'],
  [{ kind: 'frames', pieces: [new Uint8Array(5)], lengths: [5, 5] }, 'PROTOCOL'],
  [{ kind: 'frames', pieces: [new Uint8Array(5)], lengths: [-5, 10] }, 'PROTOCOL'],
  [{ kind: 'frames', pieces: [{ length: 5 }], lengths: [5] }, 'PROTOCOL'],
  [{ kind: 'frames', pieces: [new Uint8Array(200)], lengths: [200] }, 'TOO_LARGE'],
  [{ kind: 'taken', bytes: 1 }, 'PROTOCOL'],
  [{ kind: 'taken', bytes: Number.NaN }, 'PROTOCOL'],
  [{ kind: 'welcome' }, 'PROTOCOL'],
  [{ kind: 'unknown' }, 'PROTOCOL'],
];

test('A14: each wrong message of a joined slave ends that slave with its code', async () => {
  const { port1, port2 } = new MessageChannel();
  const limits = { frameBytesMax: 100, highWaterBytes: 1_000, outboundBytesMax: 2_000 };
  const master = workerListen(limits);
  const sink = new RecordingSink();
  await master.open(sink);
  master.add(port1);
  for (const [at, [message, code]] of WRONG.entries()) {
    const address = { replichart: 'worker 1', channel: 'main', link: `link ${at}` };
    const hello = { kind: 'hello', frameBytesMax: 100, acknowledgeBytes: 1 };
    port2.postMessage({ ...address, ...hello, probe: new Uint8Array(1) });
    port2.postMessage({ ...address, ...message });
    await until(`the end of ${JSON.stringify(message)}`, () => sink.lefts.length === at + 1);
    assert.is(sink.lefts[at]?.error?.code, code, JSON.stringify(message));
  }
  assert.equal(sink.frames, []);
  await master.close();
  port1.close();
});

function refused(make: () => unknown, words: RegExp): void {
  try {
    make();
  } catch (thrown) {
    assert.ok(thrown instanceof ReplicationError && thrown.code === 'INVALID_OPTION');
    assert.match(thrown.message, words);
    return;
  }
  assert.unreachable('it was taken');
}

test('options and targets are checked by name', async () => {
  const { port1, port2 } = new MessageChannel();
  refused(() => workerListen({ secret: 'x' } as never), /secret/);
  refused(() => workerListen({ outboundBytesMax: 1 }), /outboundBytesMax/);
  refused(() => workerConnect(port2, { channel: '' }), /channel/);
  refused(() => workerConnect(undefined as never), /Worker, a MessagePort/);
  refused(() => workerListen().add({} as never), /Worker, a MessagePort/);
  const mute: ChildProcess = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  refused(() => workerListen().add(mute), /ipc/);
  await once(mute, 'exit');
  port1.close();
});

test.run();
