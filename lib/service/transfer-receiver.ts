/**
 * The slave's end of a transfer: puts parts in order, hands an increment over whole and a state
 * as a stream, confirms what arrived, and knows where to go on after a cut (P6). Memory is bounded
 * by the window, since a part is confirmed only when its reader took it.
 */
import type {
  ChunkMessage,
  Enveloped,
  Point,
  Position,
  RequestMessage,
} from '../../machines/protocol.js';
import type { DeltaArrived, SnapshotBegan } from '../../machines/slave-context.js';
import { ReplicationError } from '../errors.js';
import { payloadOf } from './payload.js';
import type { TransferProgress } from './status.js';

/** Parts between two confirmations: a quarter of the sender's window keeps it moving. */
const CONFIRM_EVERY = 4;

export interface ReceiverPort {
  readonly send: (request: RequestMessage) => void;
  readonly deltaArrived: (event: DeltaArrived) => void;
  readonly snapshotBegan: (event: SnapshotBegan) => void;
  readonly progressed: (progress: TransferProgress) => void;
  readonly lost: (reason: string) => void;
}

/** What a request says beside the state of the transfer. */
export interface Wish {
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly round: string | null;
}

/** A stream of parts that one reader takes; failing it makes the reader throw. */
class PartStream implements AsyncIterable<Uint8Array> {
  readonly #taken: () => void;
  #parts: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #isEnded = false;
  #failure: ReplicationError | null = null;

  constructor(taken: () => void) {
    this.#taken = taken;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  push(part: Uint8Array, isLast: boolean): void {
    this.#parts.push(part);
    this.#isEnded = isLast;
    this.#wake?.();
  }

  fail(reason: string): void {
    this.#failure ??= new ReplicationError('ABORTED', `the transfer was given up: ${reason}`);
    this.#parts = [];
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const part = this.#parts.shift();
      if (part !== undefined) {
        yield part;
        this.#taken();
        continue;
      }
      if (this.#isEnded) return;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
      this.#wake = null;
    }
  }
}

interface Incoming {
  readonly first: Enveloped<ChunkMessage>;
  readonly parts: Uint8Array[];
  readonly stream: PartStream;
  next: number;
  /** Parts its reader took, of a state; parts that arrived, of an increment. */
  taken: number;
  confirmed: number;
  bytes: number;
  isWhole: boolean;
  /** Of a state: its installation reads it. One that nobody reads is asked for anew. */
  isRead: boolean;
}

export class TransferReceiver {
  readonly #port: ReceiverPort;
  #incoming: Incoming | null = null;
  #wish: Wish = { position: null, firm: null, round: null };
  #isExpecting = false;
  /** Streams that ended because their transfer could not go on: the machine was told of that. */
  readonly #lost = new WeakSet<AsyncIterable<Uint8Array>>();

  constructor(port: ReceiverPort) {
    this.#port = port;
  }

  /** Asks for what is lacking, or for the rest of what is already on its way. */
  request(wish: Wish): void {
    const incoming = this.#incoming;
    this.#wish = wish;
    // All of it is here and being installed: a second copy would only cost the master.
    if (incoming?.isWhole === true && incoming.isRead) return;
    if (incoming !== null && goesOn(incoming, wish)) return this.#confirm(incoming);
    incoming?.stream.fail('it was asked for anew');
    this.#incoming = null;
    this.#isExpecting = true;
    this.#port.send({ kind: 'request', ...wish, build: null, next: 0 });
  }

  /** Of what is on its way. */
  get progress(): TransferProgress | null {
    const incoming = this.#incoming;
    if (incoming === null) return null;
    return { kind: incoming.first.kind, bytes: incoming.bytes, chunks: incoming.next };
  }

  /** Why this part is not taken, in words; null when it is. */
  reasonAgainst(message: Enveloped<ChunkMessage>): string | null {
    const incoming = this.#incoming;
    if (incoming !== null && incoming.first.build === message.build) {
      return message.index === incoming.next ? null : `part ${incoming.next} is the next one`;
    }
    // A whole state is being installed: late parts of others must not call that off (S8).
    if (incoming?.isWhole === true && incoming.isRead) return 'another state is being installed';
    // Parts of a build nobody asked for are left-overs of an earlier request.
    const isAwaited = this.#isExpecting || incoming !== null;
    return message.index === 0 && isAwaited ? null : 'nobody asked for it';
  }

  receive(message: Enveloped<ChunkMessage>): void {
    if (this.reasonAgainst(message) !== null) return;
    const incoming = this.#incoming;
    if (incoming !== null && incoming.first.build === message.build) {
      return this.#take(incoming, message);
    }
    if (incoming !== null && !incoming.isWhole) this.#drop('the master started it anew');
    this.#begin(message);
  }

  /** The stream of the state that is on its way, for its installation. */
  chunks(build: string): AsyncIterable<Uint8Array> {
    const incoming = this.#incoming;
    if (incoming !== null && incoming.first.build === build) {
      incoming.isRead = true;
      return incoming.stream;
    }
    const gone = new PartStream(() => {});
    gone.fail('it is not under way any more');
    return gone;
  }

  /** The installation that read this stream ended: what comes next has to be asked for. */
  ended(chunks: AsyncIterable<Uint8Array>): void {
    if (this.#incoming?.stream === chunks) this.cancel('its installation ended');
  }

  /** Its transfer was lost: an installation that fails of that tells nothing new (S8). */
  wasLost(chunks: AsyncIterable<Uint8Array>): boolean {
    return this.#lost.has(chunks);
  }

  /** Nobody wants the rest. */
  cancel(reason: string): void {
    this.#incoming?.stream.fail(reason);
    this.#incoming = null;
    this.#isExpecting = false;
  }

  #drop(reason: string): void {
    if (this.#incoming !== null) this.#lost.add(this.#incoming.stream);
    this.cancel(reason);
    this.#port.lost(reason);
  }

  #begin(message: Enveloped<ChunkMessage>): void {
    this.#isExpecting = false;
    const incoming: Incoming = {
      first: message,
      parts: [],
      stream: new PartStream(() => this.#taken(incoming)),
      next: 0,
      taken: 0,
      confirmed: 0,
      bytes: 0,
      isWhole: false,
      isRead: false,
    };
    this.#incoming = incoming;
    if (message.kind === 'snapshot') {
      const { envelope, build, to, reason, firmRelation } = message;
      this.#port.snapshotBegan({
        type: 'snapshotBegan',
        envelope,
        build,
        to,
        reason: reason ?? 'empty',
        firmRelation,
      });
      // The machine may have refused it: then there is nothing to take any more.
      if (this.#incoming !== incoming) return;
    }
    this.#take(incoming, message);
  }

  #take(incoming: Incoming, message: Enveloped<ChunkMessage>): void {
    const body = message.payload.body;
    if (!(body instanceof Uint8Array)) return;
    incoming.next += 1;
    incoming.bytes += body.length;
    incoming.isWhole = message.last;
    const { kind } = incoming.first;
    this.#port.progressed({ kind, bytes: incoming.bytes, chunks: incoming.next });
    if (kind === 'snapshot') return incoming.stream.push(body, message.last);
    incoming.parts.push(body);
    if (message.last) return this.#finish(incoming);
    this.#taken(incoming);
  }

  /** Confirms now and then, and whenever the reader waits for more. */
  #taken(incoming: Incoming): void {
    incoming.taken += 1;
    if (incoming !== this.#incoming || incoming.isWhole) return;
    const isDue = incoming.taken - incoming.confirmed >= CONFIRM_EVERY;
    if (isDue) this.#confirm(incoming);
  }

  #confirm(incoming: Incoming): void {
    incoming.confirmed = incoming.taken;
    const { build } = incoming.first;
    // What arrived but was not taken yet is in hand: only parts beyond it are missing.
    this.#port.send({ kind: 'request', ...this.#wish, build, next: incoming.next });
  }

  #finish(incoming: Incoming): void {
    this.#incoming = null;
    const { envelope, from, to, durability, round } = incoming.first;
    const body = joinParts(incoming.parts, incoming.bytes);
    const payload = payloadOf(body);
    this.#port.deltaArrived({
      type: 'deltaArrived',
      envelope,
      from,
      to,
      durability,
      round,
      payload,
    });
  }
}

/** A transfer under way serves the wish when it is for the same round and somebody takes it. */
function goesOn({ isWhole, isRead, first }: Incoming, wish: Wish): boolean {
  return !isWhole && first.round === wish.round && (first.kind === 'delta' || isRead);
}

function joinParts(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
