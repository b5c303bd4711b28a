/** A keyValue as it stood at one version, while changes go on (copy on write). */
import type { Position } from '../../../machines/protocol.js';
import { ReplicationError } from '../../errors.js';
import type { Cell } from './cell.js';
import type { CellTable } from './cells.js';

/** What can be read of a keyValue. Values are decoded at their first read, frozen, and kept. */
export interface KeyValueReader<V> {
  /** The value of a key, undefined when it has none. PROTOCOL when the master sent no value. */
  get(key: string): V | undefined;
  has(key: string): boolean;
  /** In order of last change, oldest first; the same order on every copy. */
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[key: string, value: V]>;
  /** How many keys have a value. */
  readonly size: number;
}

/** A consistent view. Close it: until then replaced values it can see stay in memory. */
export interface KeyValueView<V> extends KeyValueReader<V> {
  /** Null before the first version. */
  readonly position: Position | null;
  close(): void;
  [Symbol.dispose](): void;
}

interface Lease {
  readonly table: CellTable;
  readonly version: number;
  open: boolean;
}

function release(lease: Lease): void {
  if (lease.open) lease.table.closeView(lease.version);
  lease.open = false;
}

/** For iterators and views that a host dropped half-way: their ghosts must not stay for ever. */
const abandoned = new FinalizationRegistry<Lease>(release);

/** Node 20 before 20.4 and some browsers lack the symbol that `using` looks for. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

export class CellView<V> implements KeyValueView<V> {
  readonly size: number;
  readonly position: Position | null;
  readonly #lease: Lease;
  readonly #read: (cell: Cell) => V;

  constructor(table: CellTable, position: Position | null, read: (cell: Cell) => V) {
    this.size = table.size;
    this.position = position;
    this.#read = read;
    this.#lease = { table, version: position?.version ?? 0, open: true };
    table.openView(this.#lease.version);
    abandoned.register(this, this.#lease, this.#lease);
    (this as unknown as Record<symbol, unknown>)[DISPOSE] = () => this.close();
  }

  /** @throws {ReplicationError} NOT_RUNNING once the view is closed. */
  get table(): CellTable {
    if (this.#lease.open) return this.#lease.table;
    throw new ReplicationError('NOT_RUNNING', 'This view is closed; open another with view()');
  }

  get version(): number {
    return this.#lease.version;
  }

  get(key: string): V | undefined {
    const cell = this.table.cellAt(key, this.version);
    return cell?.text === undefined ? undefined : this.#read(cell);
  }

  has(key: string): boolean {
    return this.table.cellAt(key, this.version)?.text !== undefined;
  }

  *#cells(): Generator<Cell> {
    for (const cell of this.table.cellsAt(this.version)) {
      yield cell;
      // Closed meanwhile: the cell may have left the list, there is no way on from it.
      void this.table;
    }
  }

  *keys(): Generator<string, undefined> {
    for (const cell of this.#cells()) yield cell.key;
    return undefined;
  }

  *entries(): Generator<[string, V], undefined> {
    for (const cell of this.#cells()) yield [cell.key, this.#read(cell)];
    return undefined;
  }

  close(): void {
    abandoned.unregister(this.#lease);
    release(this.#lease);
  }

  declare [Symbol.dispose]: () => void;
}
