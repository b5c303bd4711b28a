/**
 * The content of one keyValue copy: a map from keys to cells, and the same cells in a list in
 * order of the version that wrote them, newest last. The list is the per-key version index: what
 * changed since a version is its tail, so a delta costs what changed and not what exists. It is
 * also the order of iteration, the same on every copy, whatever way the data came.
 *
 * A view is a version. A cell that an open view still needs is not overwritten but left in the
 * list as a ghost behind its successor, and swept when the last view that needs it is closed.
 */
import { ReplicationError } from '../../errors.js';
import { type Cell, UNREAD } from './cell.js';
import type { PackedTexts } from './packed-texts.js';
import { TombstoneQueue } from './tombstones.js';

/** Text of deltas whose cells may still be slices of it; bounds what slices keep alive. */
const SLICED_UNITS_MAX = 8 * 1024 * 1024;
/** What is copied at the least per delta, where there is something to copy. */
const SETTLED_AT_ONCE_MIN = 16 * 1024;
/** V8 copies shorter slices. */
const SLICE_UNITS_MIN = 13;

/**
 * The text without the longer one it is a slice of: joining parts copies them, where every other
 * way to touch a slice keeps it one.
 */
export function ownText(text: string): string {
  if (text.length < SLICE_UNITS_MIN) return text;
  return [text.slice(0, 1), text.slice(1)].join('');
}

export class CellTable {
  readonly #cells = new Map<string, Cell>();
  readonly #tombstones = new TombstoneQueue();
  /** Open views by version. */
  readonly #views = new Map<number, number>();
  #newestView = -1;
  #oldestView = Number.POSITIVE_INFINITY;
  #ghosts: Cell[] = [];
  #first: Cell | undefined;
  #last: Cell | undefined;
  #live = 0;
  #sliced: Array<{ readonly version: number; readonly units: number }> = [];
  #slicedUnits = 0;
  /** Cells up to this version shall own their text. */
  #settledTarget = 0;
  /** The last cell known to own its text. */
  #settled: Cell | undefined;
  /** Deltas from below it cannot be made: tombstones up to it are gone, or were never known. */
  floor = 0;

  /** How many keys have a value. */
  get size(): number {
    return this.#live;
  }

  get tombstones(): number {
    return this.#tombstones.size;
  }

  /** How many replaced cells open views keep alive. */
  get ghosts(): number {
    return this.#ghosts.length;
  }

  /** How many cells may still be slices of the text of a delta. */
  get unsettled(): number {
    let count = 0;
    let cell = this.#settled === undefined ? this.#first : this.#settled.next;
    for (; cell !== undefined; cell = cell.next) count += 1;
    return count;
  }

  get last(): Cell | undefined {
    return this.#last;
  }

  /** The newest cell of a key; its text is undefined when the key was deleted. */
  cell(key: string): Cell | undefined {
    return this.#cells.get(key);
  }

  /** Writes a key. `version` must not be below any written before. `key` may be a slice. */
  put(key: string, text: string | undefined, version: number, place: number): Cell {
    const old = this.#cells.get(key);
    if (old === undefined) return this.#insert(ownText(key), text, version, place);
    const { text: oldText, place: oldPlace } = old;
    if (oldText !== undefined) this.#live -= 1;
    else this.#tombstones.size -= 1;
    const cell = old.version <= this.#newestView ? this.#supersede(old) : old;
    if (cell === old) this.#unlink(old);
    cell.text = text;
    cell.version = version;
    cell.place = place;
    cell.value = UNREAD;
    this.#append(cell);
    if (typeof oldText === 'object' && oldText.drop(oldPlace)) this.#unpack(oldText);
    return cell;
  }

  /**
   * Writes the keys of one block of a snapshot; its values stay packed.
   * @throws {ReplicationError} PROTOCOL for a key that is there already
   */
  load(texts: PackedTexts, version: number, firstPlace: number): void {
    const { keys } = texts;
    for (let index = 0; index < keys.length; index += 1) {
      const before = this.#cells.size;
      const key = keys[index] as string;
      this.#insert(key, texts, version, firstPlace + index);
      if (this.#cells.size > before) continue;
      throw new ReplicationError('PROTOCOL', `A snapshot holds ${JSON.stringify(key)} twice`);
    }
  }

  /** What is left of a block gets texts of its own, so that the block can go. */
  #unpack(texts: PackedTexts): void {
    for (const key of texts.keys) {
      const cell = this.#cells.get(key);
      if (cell?.text === texts) cell.text = texts.textAt(cell.place);
    }
  }

  #insert(key: string, text: Cell['text'], version: number, place: number): Cell {
    // Field by field: spreading the links in costs as much again, for each key of a snapshot.
    const cell: Cell = {
      key,
      text,
      version,
      place,
      value: UNREAD,
      previous: undefined,
      next: undefined,
      older: undefined,
      newer: undefined,
    };
    this.#cells.set(key, cell);
    this.#append(cell);
    return cell;
  }

  #supersede(old: Cell): Cell {
    const links = { previous: undefined, next: undefined, older: old, newer: undefined };
    const cell: Cell = { ...old, ...links };
    old.newer = cell;
    this.#ghosts.push(old);
    this.#cells.set(cell.key, cell);
    return cell;
  }

  #append(cell: Cell): void {
    cell.previous = this.#last;
    cell.next = undefined;
    if (this.#last === undefined) this.#first = cell;
    else this.#last.next = cell;
    this.#last = cell;
    if (cell.text === undefined) this.#tombstones.push(cell);
    else this.#live += 1;
  }

  #unlink(cell: Cell): void {
    if (this.#settled === cell) this.#settled = cell.previous;
    if (cell.previous === undefined) this.#first = cell.next;
    else cell.previous.next = cell.next;
    if (cell.next === undefined) this.#last = cell.previous;
    else cell.next.previous = cell.previous;
  }

  /** Tombstones to forget once there are more than `countMax`, unless an open view needs them. */
  expired(countMax: number): readonly Cell[] {
    return this.#tombstones.excess(countMax, this.#oldestView);
  }

  /** Forgets tombstones that `expired` named, and raises the floor past them. */
  drop(tombstones: readonly Cell[]): void {
    for (const cell of tombstones) {
      this.floor = Math.max(this.floor, cell.version);
      this.#tombstones.size -= 1;
      this.#unlink(cell);
      this.#cells.delete(cell.key);
      // No version of a living cell: its entry in the queue of tombstones is stale from here on.
      cell.version = -1;
    }
  }

  /** Newest cells of all keys written after `version`, newest first, tombstones included. */
  *changedSince(version: number): Generator<Cell> {
    for (let cell = this.#last; cell !== undefined && cell.version > version; ) {
      if (cell.newer === undefined) yield cell;
      cell = cell.previous;
    }
  }

  openView(version: number): void {
    this.#views.set(version, (this.#views.get(version) ?? 0) + 1);
    this.#newestView = Math.max(this.#newestView, version);
    this.#oldestView = Math.min(this.#oldestView, version);
  }

  closeView(version: number): void {
    const left = (this.#views.get(version) ?? 1) - 1;
    if (left > 0) {
      this.#views.set(version, left);
      return;
    }
    this.#views.delete(version);
    const versions = [...this.#views.keys()];
    this.#newestView = Math.max(-1, ...versions);
    this.#oldestView = Math.min(Number.POSITIVE_INFINITY, ...versions);
    this.#ghosts = this.#ghosts.filter((ghost) => {
      const replaced = ghost.newer?.version ?? 0;
      if (versions.some((open) => ghost.version <= open && open < replaced)) return true;
      this.#sweep(ghost);
      return false;
    });
  }

  #sweep(ghost: Cell): void {
    this.#unlink(ghost);
    if (ghost.newer !== undefined) ghost.newer.older = ghost.older;
    if (ghost.older !== undefined) ghost.older.newer = ghost.newer;
  }

  /** The cell of a key as an open view at `version` sees it. */
  cellAt(key: string, version: number): Cell | undefined {
    let cell = this.#cells.get(key);
    while (cell !== undefined && cell.version > version) cell = cell.older;
    return cell;
  }

  /** All cells with a value as an open view at `version` sees them, in order of the list. */
  *cellsAt(version: number): Generator<Cell> {
    let cell = this.#first;
    while (cell !== undefined && cell.version <= version) {
      const replaced = cell.newer !== undefined && cell.newer.version <= version;
      if (cell.text !== undefined && !replaced) yield cell;
      cell = cell.next;
    }
  }

  /**
   * Says that the delta of `version` was cut out of one long text of `units` UTF-16 units. Slices
   * keep that text alive as long as one of them lives; so what survived the last few megabytes of
   * deltas is copied out of theirs, a few cells at a time, twice as fast as slices come in.
   */
  addSliced(version: number, units: number): void {
    this.#sliced.push({ version, units });
    this.#slicedUnits += units;
    if (this.#slicedUnits > SLICED_UNITS_MAX) {
      let count = 0;
      // Down to half of it, so that the array is not shifted for every delta.
      while (this.#slicedUnits > SLICED_UNITS_MAX / 2) {
        const oldest = this.#sliced[count] as { version: number; units: number };
        this.#slicedUnits -= oldest.units;
        this.#settledTarget = oldest.version;
        count += 1;
      }
      this.#sliced = this.#sliced.slice(count);
    }
    this.#settle(Math.max(SETTLED_AT_ONCE_MIN, units * 2));
  }

  #settle(unitsMax: number): void {
    let units = 0;
    let cell = this.#settled === undefined ? this.#first : this.#settled.next;
    while (cell !== undefined && cell.version <= this.#settledTarget && units < unitsMax) {
      if (typeof cell.text === 'string') {
        cell.text = ownText(cell.text);
        units += cell.text.length;
      }
      this.#settled = cell;
      cell = cell.next;
    }
  }

  /** All cells present own their texts: they came from a snapshot or from the store. */
  markSettled(): void {
    this.#settled = this.#last;
  }
}
