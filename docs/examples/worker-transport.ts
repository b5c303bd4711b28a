/**
 * A host's own transport: frames over the message ports of worker threads. The contract is
 * `lib/transports/contract.ts`; at the end the published suite is run on it, and then a master
 * in this thread replicates to a slave in another one. For threads as such there is
 * `replichart/transports/worker`; this shows what a transport of your own takes.
 */
import assert from 'node:assert/strict';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  Worker,
  workerData,
} from 'node:worker_threads';
import {
  createMaster,
  createSlave,
  document,
  type MasterTransport,
  type PeerId,
  ReplicationError,
  type SlaveTransport,
  type TransportSink,
} from 'replichart';
import { transportSuite } from 'replichart/testing';

const MIB = 1024 * 1024;
const FEATURES = { ordered: true, reliable: true, multicast: false, maxFrameBytes: 4 * MIB };
const HIGH_WATER_BYTES = 4 * MIB;
const OUTBOUND_BYTES_MAX = 16 * MIB;
const REDIAL_MS_MAX = 50;
const CLOSE_MS_MAX = 1000;

/** What travels: a frame, how many bytes the other side took, or the last word. */
type Parcel = Uint8Array | number | 'bye';

interface Connection {
  readonly port: MessagePort;
  /** Sent and not taken yet: ports have no backpressure of their own. */
  waitingBytes: number;
  isFull: boolean;
  isEnding: boolean;
  error: ReplicationError | null;
  closeTimer: NodeJS.Timeout | undefined;
}

/** What both sides do alike. Every call of the sink comes from an event of its own. */
abstract class PortSide {
  readonly features = FEATURES;
  readonly address = 'message ports of this process';
  readonly #connections = new Map<PeerId, Connection>();
  #sink: TransportSink | null = null;
  #count = 0;
  /** `open` and `close` one after the other, in the order in which they were asked for. */
  #steps: Promise<void> = Promise.resolve();
  #whenEmpty: () => void = () => {};

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#step(async () => {
      if (signal?.aborted) throw new ReplicationError('ABORTED', 'open was aborted by its signal');
      if (this.#sink !== null) throw new ReplicationError('INVALID_OPTION', 'it is open already');
      this.#sink = sink;
      this.opened();
    });
  }

  close(): Promise<void> {
    return this.#step(async () => {
      if (this.#sink === null) return;
      this.closing();
      for (const peer of this.#connections.keys()) this.disconnect(peer);
      if (this.#connections.size > 0) {
        await new Promise<void>((resolve) => {
          this.#whenEmpty = resolve;
        });
      }
      this.#sink = null;
    });
  }

  send(peer: PeerId, frame: Uint8Array): void {
    if (frame.length === 0) throw new ReplicationError('PROTOCOL', 'a frame needs a byte');
    if (frame.length > FEATURES.maxFrameBytes) {
      throw new ReplicationError('TOO_LARGE', `${frame.length} bytes are above maxFrameBytes`);
    }
    const connection = this.#connections.get(peer);
    if (connection === undefined || connection.isEnding) return;
    // A copy of just these bytes: posting a view would copy all of the buffer behind it.
    connection.port.postMessage(frame.slice() satisfies Parcel);
    connection.waitingBytes += frame.length;
    connection.isFull ||= connection.waitingBytes > HIGH_WATER_BYTES;
    if (connection.waitingBytes > OUTBOUND_BYTES_MAX) {
      const message = `${peer} does not take what is sent to it: disconnected`;
      this.#end(connection, new ReplicationError('OVERLOADED', message));
    }
  }

  writable(peer: PeerId): boolean {
    const connection = this.#connections.get(peer);
    return connection !== undefined && !connection.isFull;
  }

  disconnect(peer: PeerId): void {
    const connection = this.#connections.get(peer);
    if (connection !== undefined) this.#end(connection, null);
  }

  protected opened(): void {}
  protected closing(): void {}
  protected ended(): void {}

  /** A port to the other side; it is a peer from the next turn on. */
  protected connect(port: MessagePort): void {
    setImmediate(() => {
      if (this.#sink === null) {
        port.close();
        return;
      }
      this.#count += 1;
      const peer = `port-${this.#count}`;
      const connection: Connection = {
        port,
        waitingBytes: 0,
        isFull: false,
        isEnding: false,
        error: null,
        closeTimer: undefined,
      };
      this.#connections.set(peer, connection);
      this.#tell((sink) => sink.joined(peer));
      port.on('message', (parcel: Parcel) => this.#take(peer, connection, parcel));
      port.on('close', () => this.#closed(peer, connection));
    });
  }

  #take(peer: PeerId, connection: Connection, parcel: Parcel): void {
    if (parcel === 'bye') {
      connection.port.close();
    } else if (typeof parcel !== 'number') {
      this.#tell((sink) => sink.received(peer, [parcel]));
      connection.port.postMessage(parcel.length satisfies Parcel);
    } else {
      connection.waitingBytes -= parcel;
      if (!connection.isFull || connection.waitingBytes > HIGH_WATER_BYTES / 2) return;
      connection.isFull = false;
      this.#tell((sink) => sink.drained(peer));
    }
  }

  /** Says bye behind all that was sent; the other side closes when it has read that far. */
  #end(connection: Connection, error: ReplicationError | null): void {
    if (connection.isEnding) return;
    connection.isEnding = true;
    connection.error = error;
    connection.port.postMessage('bye' satisfies Parcel);
    connection.closeTimer = setTimeout(() => connection.port.close(), CLOSE_MS_MAX);
  }

  #closed(peer: PeerId, connection: Connection): void {
    clearTimeout(connection.closeTimer);
    this.#connections.delete(peer);
    this.#tell((sink) => sink.left(peer, connection.error));
    if (this.#connections.size === 0) this.#whenEmpty();
    this.ended();
  }

  /** A sink that throws is told so and harms nothing. */
  #tell(call: (sink: TransportSink) => void): void {
    try {
      if (this.#sink !== null) call(this.#sink);
    } catch (thrown) {
      this.#sink?.troubled(new ReplicationError('PROTOCOL', `the sink threw: ${thrown}`));
    }
  }

  #step(run: () => Promise<void>): Promise<void> {
    const step = this.#steps.then(run);
    this.#steps = step.catch(() => {});
    return step;
  }
}

class PortMaster extends PortSide implements MasterTransport {
  readonly role = 'master';

  /** The other end of a new channel, for one slave. */
  dial(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.connect(port1);
    return port2;
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    for (const peer of peers) this.send(peer, frame);
  }
}

class PortSlave extends PortSide implements SlaveTransport {
  readonly role = 'slave';
  readonly #dial: () => MessagePort | null;
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  /** @param dial makes a connection, or null where none can be made now */
  constructor(dial: () => MessagePort | null) {
    super();
    this.#dial = dial;
  }

  protected override opened(): void {
    this.#isOpen = true;
    this.#redial();
  }

  protected override closing(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  protected override ended(): void {
    if (this.#isOpen) this.#redial();
  }

  #redial(): void {
    this.#timer = setTimeout(() => {
      const port = this.#dial();
      if (port === null) this.#redial();
      else this.connect(port);
    }, Math.random() * REDIAL_MS_MAX);
  }
}

/** Declares and runs the published suite, as any test runner would. */
async function runSuite(): Promise<void> {
  const tests: Array<() => Promise<void>> = [];
  transportSuite({
    test: (_, run) => void tests.push(run),
    factory: () => {
      const master = new PortMaster();
      return { master, connect: () => new PortSlave(() => master.dial()), close: () => undefined };
    },
  });
  assert.ok(tests.length > 0);
  for (const run of tests) await run();
}

async function runMaster(): Promise<void> {
  const transport = new PortMaster();
  const master = createMaster({ item: 'n', data: document({ n: 0 }), transport });
  await master.start();
  const port = transport.dial();
  const worker = new Worker(new URL(import.meta.url), { workerData: port, transferList: [port] });
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  const { version } = await master.data.set({ n: 1 });
  while (!(await master.slavesAt(version)).includes('worker')) await new Promise(setImmediate);
  await master.data.set({ n: 2 }, { method: 'two-phase', ack: 'applied' });
  assert.equal(await exit, 0);
  await master.stop();
}

async function runSlave(port: MessagePort): Promise<void> {
  let next: MessagePort | null = port;
  const transport = new PortSlave(() => {
    const dialled = next;
    next = null;
    return dialled;
  });
  const slave = createSlave({ item: 'n', data: document({ n: 0 }), transport, id: 'worker' });
  await slave.start();
  await new Promise<void>((resolve) => {
    slave.data.subscribe(({ value }) => value.n === 2 && resolve());
  });
  await slave.stop();
}

if (isMainThread) {
  await runSuite();
  await runMaster();
} else await runSlave(workerData as MessagePort);
