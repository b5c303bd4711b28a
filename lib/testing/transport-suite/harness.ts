/** What the tests of the transport suite share: recording sinks, waiting, and tidying up. */
import { ReplicationError } from '../../errors.js';
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  Transport,
  TransportSink,
} from '../../transports/contract.js';

/** One fresh master and as many slaves as a test asks for, isolated from all others. */
export interface TransportPair {
  /** Not open yet. */
  readonly master: MasterTransport;
  /** A slave's transport for that master, not open yet; called after `master` was opened. */
  connect(): SlaveTransport;
  /** Breaks the connections of this slave from outside. Leave it out where that cannot be done. */
  cut?(slave: SlaveTransport): void;
  /** Called after each test, when all transports were closed. */
  close(): Promise<void> | void;
}

export type TransportTest = (name: string, run: () => Promise<void>) => void;

export interface SuiteContext {
  readonly test: TransportTest;
  readonly factory: () => Promise<TransportPair> | TransportPair;
  readonly deadlineMs: number;
}

/** @throws {Error} with `message`, so that any runner counts the test as failed */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export async function refusedWith(code: string, act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    const got = thrown instanceof ReplicationError ? thrown.code : String(thrown);
    check(got === code, `expected a ReplicationError ${code}, got ${got}`);
    return;
  }
  throw new Error(`expected a ReplicationError ${code}, but nothing was refused`);
}

/** Lets the runtime go on; a few milliseconds of real time. */
export function pause(ms = 1): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A sink that writes down what it is told. */
export class Recorder implements TransportSink {
  readonly joins: PeerId[] = [];
  readonly lefts: Array<{ peer: PeerId; error: ReplicationError | null }> = [];
  readonly frames: Uint8Array[] = [];
  readonly drains: PeerId[] = [];
  readonly troubles: ReplicationError[] = [];
  /** Every call, whatever it was. */
  calls = 0;
  /** Set while the test is within a call into a transport: a call then breaks the contract. */
  static busy = false;
  brokeContract = false;
  /** When set, thrown by the next `joined` or `received`. */
  failure: Error | null = null;

  joined(peer: PeerId): void {
    this.#note();
    this.joins.push(peer);
    this.#fail();
  }

  left(peer: PeerId, error: ReplicationError | null): void {
    this.#note();
    this.lefts.push({ peer, error });
  }

  received(_peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#note();
    for (const frame of frames) this.frames.push(frame);
    this.#fail();
  }

  drained(peer: PeerId): void {
    this.#note();
    this.drains.push(peer);
  }

  troubled(error: ReplicationError): void {
    this.#note();
    this.troubles.push(error);
  }

  /** The newest peer. */
  get peer(): PeerId {
    const peer = this.joins.at(-1);
    check(peer !== undefined, 'no peer joined yet');
    return peer;
  }

  #note(): void {
    this.calls += 1;
    if (Recorder.busy) this.brokeContract = true;
  }

  #fail(): void {
    const failure = this.failure;
    this.failure = null;
    if (failure !== null) throw failure;
  }
}

export interface OpenSlave {
  readonly transport: SlaveTransport;
  readonly sink: Recorder;
  /** How the master calls this slave's first connection. */
  readonly peer: PeerId;
}

/** One test's open transports. */
export class Bench {
  readonly pair: TransportPair;
  readonly sink = new Recorder();
  /** The master's, then one of each slave. */
  readonly sinks: Recorder[] = [this.sink];
  readonly #deadlineMs: number;
  readonly #opened: Transport[] = [];

  constructor(pair: TransportPair, deadlineMs: number) {
    this.pair = pair;
    this.#deadlineMs = deadlineMs;
  }

  get master(): MasterTransport {
    return this.pair.master;
  }

  async start(): Promise<void> {
    this.#opened.push(this.master);
    await this.master.open(this.sink);
  }

  /** Opens one more slave and waits until both sides know each other. */
  async slave(): Promise<OpenSlave> {
    const transport = this.pair.connect();
    const sink = new Recorder();
    const before = this.sink.joins.length;
    this.#opened.push(transport);
    this.sinks.push(sink);
    await transport.open(sink);
    await this.until('joined on both sides', () => {
      return this.sink.joins.length > before && sink.joins.length > 0;
    });
    return { transport, sink, peer: this.sink.peer };
  }

  /** @param again done before each look, for transports that may lose what is sent once */
  async until(what: string, holds: () => boolean, again?: () => void): Promise<void> {
    const deadline = performance.now() + this.#deadlineMs;
    while (!holds()) {
      if (performance.now() >= deadline) throw this.#missing(what);
      again?.();
      await pause();
    }
  }

  /** The end of a connection, or a trouble, is most often why what was awaited did not come. */
  #missing(what: string): Error {
    const told = this.sinks.flatMap(({ lefts, troubles }) => [
      ...lefts.map(
        ({ peer, error }) => `${peer} left${error === null ? '' : `: ${error.message}`}`,
      ),
      ...troubles.map((error) => error.message),
    ]);
    return new Error([`missing after ${this.#deadlineMs} ms: ${what}`, ...told].join('; told: '));
  }

  /** Runs `act` such that any call to any sink during it is noticed. */
  within<T>(act: () => T): T {
    Recorder.busy = true;
    try {
      return act();
    } finally {
      Recorder.busy = false;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.map((transport) => transport.close()));
    await this.pair.close();
  }
}

/** Declares a test that starts with an open master and ends with everything closed. */
export function bench(context: SuiteContext, name: string, run: (b: Bench) => Promise<void>): void {
  context.test(name, async () => {
    const open = new Bench(await context.factory(), context.deadlineMs);
    try {
      await open.start();
      await run(open);
    } finally {
      await open.stop();
    }
  });
}

/**
 * Sends once more what may have been lost, unless the peer is full: what waits is on its way, and
 * who sends ever more regardless makes the peer a slow reader, which is dropped (P15).
 */
export function sendAgain(transport: Transport, peer: PeerId, frame: Uint8Array): void {
  if (transport.writable(peer)) transport.send(peer, frame);
}

/** A frame that can be told from all others: its number, then bytes that follow from it. */
export function numbered(number: number, length = 16): Uint8Array {
  const frame = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) frame[at] = (number * 31 + at * 7) & 0xff;
  if (length >= 4) new DataView(frame.buffer).setUint32(0, number);
  return frame;
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
