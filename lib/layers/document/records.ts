/**
 * How a document lies in a store: one tree in pieces (the base), and a log of the deltas since.
 * A commit appends one entry to the log. Once the entries before the oldest retained version
 * outweigh the base, the base moves up to that version, in the batch of a commit.
 */
import { platform } from '#platform';
import type { CodecBudget } from '../../codec/budget.js';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { LayerStorage } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import {
  applyDelta,
  type DocumentDelta,
  decodeDocumentDelta,
  encodeDocumentDelta,
} from './delta.js';
import type { History } from './history.js';

const BASE_KEY = 'base';
const PIECE_PREFIX = 'p';
const LOG_PREFIX = 'l';
/** Wide enough for every safe integer: keys sort as versions do. */
const VERSION_DIGITS = 16;
const PIECE_DIGITS = 8;
const PIECE_BYTES = 256 * 1024;
/** A small base is rewritten no more often than this says. */
const SLACK_BYTES_MIN = 64 * 1024;

function logKey(version: number): string {
  return LOG_PREFIX + String(version).padStart(VERSION_DIGITS, '0');
}

function pieceKey(index: number): string {
  return PIECE_PREFIX + String(index).padStart(PIECE_DIGITS, '0');
}

/** The text of a tree, cut into pieces of bounded size. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES);
}

interface LogEntry {
  readonly version: number;
  readonly bytes: number;
}

/** One write, and what to remember once it succeeded. */
export interface DocumentWrite {
  readonly operations: readonly StoreOperation[];
  /** Bytes of the tree or the delta in it. */
  readonly bytes: number;
  readonly done: () => void;
}

/** What the store holds, and what has to be written next. */
export class DocumentRecords {
  readonly #budget: CodecBudget;
  #log: LogEntry[] = [];
  #base = { version: 0, bytes: 0, pieces: 0 };

  constructor(budget: CodecBudget) {
    this.#budget = budget;
  }

  /**
   * What to write for the tree that `delta` led to: the whole of it where nothing is stored yet,
   * else one entry, and the base moved up where it is time for that.
   */
  commit(delta: DocumentDelta, tree: unknown, version: number, history: History): DocumentWrite {
    if (this.#base.version === 0 && this.#log.length === 0) {
      const bytes = this.#encoded(tree);
      const done = (): void => this.replaced(version, bytes);
      return { operations: [...baseOperations(bytes, version)], bytes: bytes.length, done };
    }
    const value = encodeDocumentDelta(delta).slice();
    const compaction = this.#compaction(history);
    const done = (): void => {
      compaction?.done();
      this.#log.push({ version, bytes: value.length });
    };
    const operations = [...(compaction?.operations ?? []), { key: logKey(version), value }];
    return { operations, bytes: value.length, done };
  }

  #encoded(tree: unknown): Uint8Array {
    return platform.utf8Encode(encodeValue(tree, this.#budget));
  }

  /** Moves the base up to the oldest retained version; null while that is not worth it. */
  #compaction(history: History): DocumentWrite | null {
    const oldest = history.oldest ?? 0;
    // The common case first: nothing to drop, and a log of a thousand entries not walked.
    if ((this.#log[0]?.version ?? Number.POSITIVE_INFINITY) > oldest) return null;
    const superseded = this.#log.filter(({ version }) => version <= oldest);
    const slack = superseded.reduce((sum, { bytes }) => sum + bytes, 0);
    if (slack <= Math.max(this.#base.bytes, SLACK_BYTES_MIN)) return null;
    const bytes = this.#encoded(history.state(oldest));
    const operations = [...baseOperations(bytes, oldest)];
    for (let index = piecesOf(bytes); index < this.#base.pieces; index += 1) {
      operations.push({ key: pieceKey(index) });
    }
    for (const { version } of superseded) operations.push({ key: logKey(version) });
    const done = (): void => {
      this.#log = this.#log.filter(({ version }) => version > oldest);
      this.#base = { version: oldest, bytes: bytes.length, pieces: piecesOf(bytes) };
    };
    return { operations, bytes: bytes.length, done };
  }

  /** The store was replaced by this tree. */
  replaced(version: number, bytes: Uint8Array): void {
    this.#log = [];
    this.#base = { version, bytes: bytes.length, pieces: piecesOf(bytes) };
  }

  /**
   * Rebuilds all states that can still be made, oldest first.
   * @throws {ReplicationError} CORRUPT when the store does not hold what its position says.
   */
  async load(storage: LayerStorage, history: History): Promise<void> {
    try {
      await this.#load(storage, history);
    } catch (error) {
      if (error instanceof ReplicationError && error.code !== 'PROTOCOL') throw error;
      const what = 'The stored document cannot be read; restore it, or delete the store';
      const { message } = asReplicationError(error, 'CORRUPT', what);
      throw new ReplicationError('CORRUPT', `${what}: ${message}`, { cause: error });
    }
  }

  async #load(storage: LayerStorage, history: History): Promise<void> {
    const parts: Array<readonly [key: string, value: Uint8Array]> = [];
    const log: Array<readonly [version: number, value: Uint8Array]> = [];
    let head: Uint8Array | null = null;
    for await (const entries of storage.entries()) {
      for (const [key, value] of entries) {
        if (key === BASE_KEY) head = value;
        else if (key.startsWith(PIECE_PREFIX)) parts.push([key, value]);
        else if (key.startsWith(LOG_PREFIX)) log.push([Number(key.slice(1)), value]);
        else throw new ReplicationError('CORRUPT', `The store holds a foreign entry ${key}`);
      }
    }
    // A store hands its entries out in order of keys, which are made to sort; this is no law.
    parts.sort(([left], [right]) => (left < right ? -1 : 1));
    log.sort(([left], [right]) => left - right);
    const base = parts.map(([, value]) => value);
    let state = this.#readBase(head, base, history);
    for (const [version, value] of log) {
      state = deepFreeze(applyDelta(state, decodeDocumentDelta(value), this.#budget));
      history.add(version, state, value.length);
      this.#log.push({ version, bytes: value.length });
    }
    const version = log.at(-1)?.[0] ?? this.#base.version;
    const expected = storage.position?.version ?? 0;
    if (version === expected) return;
    const problem = `The stored document is at version ${version}, not ${expected}`;
    throw new ReplicationError('CORRUPT', problem);
  }

  #readBase(head: Uint8Array | null, parts: readonly Uint8Array[], history: History): unknown {
    if (head === null) return undefined;
    const reader = new ByteReader(head, 'The head of the base');
    const version = reader.varint();
    const length = reader.varint();
    const bytes = joined(parts);
    if (bytes.length !== length) reader.fail(`${bytes.length} of ${length} bytes are there`);
    const state = deepFreeze(decodeValue(platform.utf8Decode(bytes), this.#budget));
    this.#base = { version, bytes: length, pieces: parts.length };
    history.add(version, state, 0);
    return state;
  }
}

function piecesOf(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / PIECE_BYTES);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The base of `version`: its head, then its pieces. */
export function* baseOperations(bytes: Uint8Array, version: number): Generator<StoreOperation> {
  const head = new ByteWriter().varint(version).varint(bytes.length).finish().slice();
  yield { key: BASE_KEY, value: head };
  let index = 0;
  for (const value of pieces(bytes)) {
    yield { key: pieceKey(index), value };
    index += 1;
  }
}
