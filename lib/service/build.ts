/**
 * One encoded increment or whole state on its way to one or many slaves: produced once, read at
 * each slave's own pace, kept in a bounded window so that a cut transfer goes on where it
 * stopped (P3, P6).
 */
import type {
  Durability,
  Payload,
  Point,
  Position,
  Relation,
  SnapshotReason,
} from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import { payloadOf } from './payload.js';

/** What a chunk message says beside its bytes; the relation differs from slave to slave. */
export interface BuildFacts {
  readonly kind: 'delta' | 'snapshot';
  readonly from: Point;
  readonly to: Position;
  readonly durability: Durability;
  readonly round: string | null;
}

export interface ReaderFacts {
  readonly reason: SnapshotReason | null;
  readonly firmRelation: Relation;
}

/** One part: hashed once, and framed once for all slaves that are told the same with it. */
export class Part {
  readonly last: boolean;
  readonly bytes: number;
  #payload: Payload;
  #frame: Uint8Array | null = null;
  #mark = '';

  constructor(bytes: Uint8Array, last: boolean) {
    this.#payload = payloadOf(bytes);
    this.bytes = bytes.length;
    this.last = last;
  }

  /** The frame made by `encode`, or the last one if it was made for the same `mark`. */
  frame(mark: string, encode: (payload: Payload) => Uint8Array): Uint8Array {
    if (this.#frame !== null && this.#mark === mark) return this.#frame;
    const { bytes, checksum } = this.#payload;
    const frame = encode(this.#payload);
    this.#frame = frame;
    this.#mark = mark;
    // A frame ends with its payload: what the layer made need not be kept beside it.
    this.#payload = { bytes, checksum, body: frame.subarray(frame.length - bytes) };
    return frame;
  }
}

/** Cuts what a layer yields into parts of at most `chunkBytes`, and marks the last one. */
async function* partsOf(chunks: AsyncIterable<Uint8Array>, chunkBytes: number) {
  let ahead: Uint8Array | null = null;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length || at === 0; at += chunkBytes) {
      if (ahead !== null) yield new Part(ahead, false);
      ahead = chunk.subarray(at, at + chunkBytes);
    }
  }
  yield new Part(ahead ?? new Uint8Array(0), true);
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export class Build {
  readonly id: string;
  readonly facts: BuildFacts;
  readonly #source: AsyncGenerator<Part>;
  /** Parts from `#base` on; earlier ones are gone. */
  readonly #parts: Part[] = [];
  #base = 0;
  #producing: Promise<void> = Promise.resolve();
  #isDone = false;
  readers = 0;
  /** Of the parts it keeps. */
  bytes = 0;

  constructor(
    id: string,
    facts: BuildFacts,
    chunks: AsyncIterable<Uint8Array>,
    chunkBytes: number,
  ) {
    this.id = id;
    this.facts = facts;
    this.#source = partsOf(chunks, chunkBytes);
  }

  /** Can a slave that needs this part next still be served by this build? */
  has(index: number): boolean {
    return index >= this.#base && (!this.#isDone || index < this.#base + this.#parts.length);
  }

  /** The part at `index`, produced if need be; undefined when the window has passed it. */
  async part(index: number): Promise<Part | undefined> {
    while (!this.#isDone && index >= this.#base + this.#parts.length) {
      this.#producing = this.#producing.then(() => this.#produce(index));
      await this.#producing;
    }
    return this.#parts[index - this.#base];
  }

  /** Frees the layer's view; later reads find nothing. */
  async close(): Promise<void> {
    this.#isDone = true;
    this.#parts.length = 0;
    this.bytes = 0;
    await this.#source.return(undefined);
  }

  async #produce(index: number): Promise<void> {
    if (this.#isDone || index < this.#base + this.#parts.length) return;
    const next = await this.#source.next();
    if (next.done === true) {
      this.#isDone = true;
      return;
    }
    this.#parts.push(next.value);
    this.bytes += next.value.bytes;
    if (next.value.last) this.#isDone = true;
    if (this.#parts.length > serviceLimits.buildChunksMax) {
      this.bytes -= this.#parts.shift()?.bytes ?? 0;
      this.#base += 1;
    }
  }
}
