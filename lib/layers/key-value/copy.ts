/** What both roles of keyValue share: reading, taking deltas, keeping them, telling subscribers. */
import { platform } from '#platform';
import type { Position } from '../../../machines/protocol.js';
import { decodeValue } from '../../codec/values.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { CommitContext, DeltaCodec, LayerStorage, MaybePromise } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import { Listeners } from '../listeners.js';
import { chain } from '../maybe.js';
import { type Cell, textOf, UNREAD } from './cell.js';
import { CellTable } from './cells.js';
import { decodeDelta, encodeDelta, type KeyValueDelta } from './delta.js';
import type { KeyValueSettings } from './options.js';
import { cellRecord, droppedRecord, floorRecord, loadTable } from './records.js';
import { CellView, type KeyValueReader, type KeyValueView } from './view.js';

/** What a subscriber is told after each commit. */
export interface KeyValueCommit {
  readonly position: Position;
  /** Keys set or deleted; null when the whole copy was replaced (snapshot, reset). */
  readonly changedKeys: readonly string[] | null;
}

/** The same object until the next commit: what UI frameworks want of an external store. */
export interface KeyValueSnapshot {
  readonly position: Position | null;
  readonly size: number;
}

/** Reading a keyValue; the same on master and slaves. */
export interface KeyValueData<V> extends KeyValueReader<V> {
  /** Null before the first version. */
  position(): Position | null;
  view(): KeyValueView<V>;
  /** Called after each commit; the answer unsubscribes. What it throws goes to `onError`. */
  readonly subscribe: (listener: (commit: KeyValueCommit) => void) => () => void;
  readonly getSnapshot: () => KeyValueSnapshot;
  /** Equal on all copies at one version. Reads and sorts everything. */
  contentHash(): string;
}

const codec: DeltaCodec<KeyValueDelta> = { encode: encodeDelta, decode: decodeDelta };
const HASHED_TOGETHER = 4096;

export class KeyValueCopy<V> implements KeyValueData<V> {
  readonly codec = codec;
  protected readonly settings: KeyValueSettings<V>;
  protected table = new CellTable();
  readonly #listeners: Listeners<KeyValueCommit>;
  #position: Position | null = null;
  #persistent = false;
  #snapshot: KeyValueSnapshot | null = null;

  constructor(settings: KeyValueSettings<V>) {
    this.settings = settings;
    this.#listeners = new Listeners(settings.onError);
  }

  open(storage: LayerStorage | null): MaybePromise<void> {
    if (storage === null) return undefined;
    this.#persistent = true;
    return loadTable(storage).then((table) => this.adopt(table, storage.position));
  }

  position(): Position | null {
    return this.#position;
  }

  get size(): number {
    return this.table.size;
  }

  get(key: string): V | undefined {
    const cell = this.table.cell(key);
    return cell?.text === undefined ? undefined : this.read(cell);
  }

  has(key: string): boolean {
    return this.table.cell(key)?.text !== undefined;
  }

  *keys(): Generator<string, undefined> {
    yield* this.#during((view) => view.keys());
    return undefined;
  }

  *entries(): Generator<[string, V], undefined> {
    yield* this.#during((view) => view.entries());
    return undefined;
  }

  /** Iterators see one version, whatever is committed while they run. */
  *#during<T>(iterate: (view: CellView<V>) => Iterable<T>): Generator<T> {
    const view = this.view();
    try {
      yield* iterate(view);
    } finally {
      view.close();
    }
  }

  view(): CellView<V> {
    return new CellView(this.table, this.#position, this.read);
  }

  readonly subscribe = (listener: (commit: KeyValueCommit) => void): (() => void) =>
    this.#listeners.add(listener);

  readonly getSnapshot = (): KeyValueSnapshot => {
    this.#snapshot ??= Object.freeze({ position: this.#position, size: this.table.size });
    return this.#snapshot;
  };

  contentHash(): string {
    const cells = [...this.table.cellsAt(Number.POSITIVE_INFINITY)];
    cells.sort((left, right) => (left.key < right.key ? -1 : 1));
    const parts: string[] = [];
    for (let start = 0; start < cells.length; start += HASHED_TOGETHER) {
      const group = cells.slice(start, start + HASHED_TOGETHER).map((cell) => {
        const text = textOf(cell) ?? '';
        return `${cell.key.length}:${cell.key}${text.length}:${text}`;
      });
      parts.push(platform.digest(group.join('')));
    }
    return platform.digest(parts.join(''));
  }

  protected readonly read = (cell: Cell): V => {
    if (cell.value === UNREAD) {
      cell.value = deepFreeze(decodeValue(textOf(cell) as string, this.settings.budget));
    }
    return cell.value as V;
  };

  /** Whether the copy already holds `next`: a decided delta is redone after a crash (P9). */
  protected holds(next: Position): boolean {
    const position = this.#position;
    return position?.lineage === next.lineage && position.version >= next.version;
  }

  /** Writes and shows a delta. Readers see nothing of it before the write succeeded (S9). */
  protected take(delta: KeyValueDelta, next: Position, context: CommitContext): MaybePromise<void> {
    const expired = this.table.expired(this.settings.tombstonesMax);
    const operations = this.#persistent ? this.#records(delta, next.version, expired) : [];
    return chain(context.write(operations), () => this.#apply(delta, next, expired));
  }

  #records(
    { keys, texts }: KeyValueDelta,
    version: number,
    expired: readonly Cell[],
  ): StoreOperation[] {
    const operations: StoreOperation[] = [];
    if (expired.length > 0) {
      const kept = new Set(keys);
      for (const { key } of expired) if (!kept.has(key)) operations.push(droppedRecord(key));
      const floor = expired.reduce((most, cell) => Math.max(most, cell.version), this.table.floor);
      operations.push(floorRecord(floor));
    }
    for (let place = 0; place < keys.length; place += 1) {
      operations.push(cellRecord(keys[place] as string, texts[place], version, place));
    }
    return operations;
  }

  #apply(delta: KeyValueDelta, next: Position, expired: readonly Cell[]): void {
    const { table } = this;
    const { keys, texts, values } = delta;
    // A view opened during the write sees these keys as deleted either way.
    table.drop(expired);
    for (let place = 0; place < keys.length; place += 1) {
      const cell = table.put(keys[place] as string, texts[place], next.version, place);
      if (values !== undefined) cell.value = values[place];
    }
    if (delta.slicedUnits > 0) table.addSliced(next.version, delta.slicedUnits);
    this.#moved(next, keys);
  }

  /** Replaces the whole content. */
  protected adopt(table: CellTable, position: Position | null): void {
    this.table = table;
    if (position !== null) this.#moved(position, null);
  }

  #moved(position: Position, changedKeys: readonly string[] | null): void {
    this.#position = position;
    this.#snapshot = null;
    if (this.#listeners.size > 0) this.#listeners.emit({ position, changedKeys });
  }
}
