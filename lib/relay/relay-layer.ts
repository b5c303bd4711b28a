/**
 * The user layer of a relay's copy: it never looks into a delta or a state. What it is given it
 * keeps as it came, to give it on; whether a round can be taken it asks of those below.
 */
import { pointOf } from '../../machines/position.js';
import type { Position } from '../../machines/protocol.js';
import type {
  CommitContext,
  DeltaCodec,
  LayerStorage,
  MaybePromise,
  SlaveUserLayer,
  SnapshotContext,
} from '../layers/contract.js';
import type { StoreOperation } from '../stores/contract.js';
import { appended, endEntry, partEntry, readLog } from './log-entries.js';
import { type LoggedDelta, RelayLog } from './relay-log.js';

/** What the layer says to those below. */
export interface Below {
  /** Resolves once all of them can take it; throws the reason why not. */
  ask(round: string, next: Position, delta: Uint8Array): Promise<void>;
  /** The copy takes this increment: a round that leads there is committed. */
  committing(next: Position): void;
  /** A whole state is in place. */
  restarted(): void;
}

const AS_IT_CAME: DeltaCodec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export class RelayLayer implements SlaveUserLayer<Uint8Array> {
  readonly codec = AS_IT_CAME;
  readonly log: RelayLog;
  readonly #below: Below;
  #position: Position | null = null;

  constructor(logBytesMax: number, below: Below) {
    this.log = new RelayLog(logBytesMax);
    this.#below = below;
  }

  position(): Position | null {
    return this.#position;
  }

  async open(storage: LayerStorage | null): Promise<void> {
    this.#position = storage?.position ?? null;
    if (storage === null || this.#position === null) return;
    const { base, deltas } = await readLog(storage);
    const start = base?.position ?? deltas[0]?.from ?? this.#position;
    this.log.restart({ ...this.#position, ...pointOf({ ...this.#position, ...start }) }, base);
    for (const delta of deltas) this.log.append(delta);
  }

  prepare(round: string, delta: Uint8Array, next: Position): Promise<void> {
    return this.#below.ask(round, next, delta);
  }

  commit(body: Uint8Array, next: Position, context: CommitContext): MaybePromise<void> {
    // Those below need not wait for this relay's disk: the decision is on the master's (P9).
    this.#below.committing(next);
    const from = pointOf(this.#position);
    const delta: LoggedDelta = { from, to: pointOf(next), durability: context.durability, body };
    const isNew = from.version < next.version;
    const trimmed = isNew ? this.log.append(delta) : { base: null, deltas: [] };
    const written = context.write(isNew ? appended(delta, trimmed) : []);
    if (written === undefined) {
      this.#position = next;
      return undefined;
    }
    return written.then(() => {
      this.#position = next;
    });
  }

  abort(): void {
    // Those below were told with the outcome itself.
  }

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    { replace }: SnapshotContext,
  ): Promise<void> {
    const parts: Uint8Array[] = [];
    const batches = keep(chunks, parts, next);
    if (replace === undefined) for await (const _batch of batches);
    else await replace(batches);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.#position = next;
    this.log.restart(next, { position: next, parts, bytes });
    this.#below.restarted();
  }
}

/** Keeps the parts as they come, and makes entries of them. */
async function* keep(
  chunks: AsyncIterable<Uint8Array>,
  parts: Uint8Array[],
  position: Position,
): AsyncGenerator<readonly StoreOperation[]> {
  for await (const chunk of chunks) {
    // The frame around a part would be kept with it.
    const part = chunk.slice();
    parts.push(part);
    yield [partEntry(parts.length - 1, part)];
  }
  yield [endEntry({ position, parts: parts.length })];
}
