/**
 * The newest deltas as they lie in a store: whole, one entry each, with the bytes that travelled.
 *
 * One entry per key and change is what a durable round of 64 changes spent most on. So a delta of
 * several keys goes to a log, and its keys get entries of their own only when it leaves the log:
 * those whose value has not been overwritten meanwhile. The log is bounded; what a commit writes
 * stays about as large as its delta, there are no pauses. The order in which entries are read does
 * not matter: each carries its version, the newest of a key counts.
 */
import type { StoreOperation } from '../../stores/contract.js';
import { textOf } from './cell.js';
import type { CellTable } from './cells.js';
import { encodeDelta, type KeyValueDelta } from './delta.js';
import { cellRecord, type LoggedDelta, logKey } from './records.js';

const LOG_ENTRIES_MAX = 4096;
/** A larger part of the log in one delta would push too many others out of it. */
const DELTA_SHARE_MAX = 1 / 4;
/** For fewer keys the entry in the log and its removal cost as much as it saves. */
const DELTA_KEYS_MIN = 4;

/** What one commit writes, and what to remember once it is written. */
export interface LogWrite {
  readonly operations: StoreOperation[];
  readonly done: () => void;
}

export class DeltaLog {
  readonly #bytesMax: number;
  #entries: LoggedDelta[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The store holds these deltas, oldest first, and no others. */
  adopt(entries: readonly LoggedDelta[]): void {
    this.#entries = [...entries];
    this.#bytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Up to which version a deletion may be forgotten: an older delta of the log may set its key, and
   * after a restart the value would be back.
   */
  get forgettableMax(): number {
    const oldest = this.#entries[0];
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.version - 1;
  }

  /**
   * @param table the content before `delta`
   * @param dropped deletions that are forgotten with this commit
   */
  commit(
    delta: KeyValueDelta,
    version: number,
    table: CellTable,
    dropped: readonly StoreOperation[],
  ): LogWrite {
    const logged = this.#bytesToLog(delta);
    const leaving = this.#leaving(logged?.length ?? 0);
    // In this order: a key may leave the log, be forgotten and be set again in the same commit.
    const operations = leaving.flatMap((entry) => leave(entry, table));
    for (const operation of dropped) operations.push(operation);
    if (logged !== undefined) operations.push({ key: logKey(version), value: logged });
    else pushCells(operations, delta, version);
    const done = () => {
      this.#drop(leaving.length);
      if (logged === undefined) return;
      this.#entries.push({ version, keys: delta.keys, bytes: logged.length });
      this.#bytes += logged.length;
    };
    return { operations, done };
  }

  #bytesToLog(delta: KeyValueDelta): Uint8Array | undefined {
    if (delta.keys.length < DELTA_KEYS_MIN) return undefined;
    const bytes = encodeDelta(delta);
    return bytes.length <= this.#bytesMax * DELTA_SHARE_MAX ? bytes : undefined;
  }

  /** The oldest entries that have to go for one of `moreBytes`. */
  #leaving(moreBytes: number): readonly LoggedDelta[] {
    let bytes = this.#bytes + moreBytes;
    let count = 0;
    while (bytes > this.#bytesMax || this.#entries.length - count >= LOG_ENTRIES_MAX) {
      bytes -= (this.#entries[count] as LoggedDelta).bytes;
      count += 1;
    }
    return this.#entries.slice(0, count);
  }

  #drop(count: number): void {
    for (const { bytes } of this.#entries.splice(0, count)) this.#bytes -= bytes;
  }
}

/** Keys that this delta was the last to write get entries of their own. */
function leave({ version, keys }: LoggedDelta, table: CellTable): StoreOperation[] {
  const operations: StoreOperation[] = [{ key: logKey(version) }];
  for (const key of keys) {
    const cell = table.cell(key);
    // Absent where the deletion was forgotten meanwhile, which deleted its entry too.
    if (cell?.version !== version) continue;
    operations.push(cellRecord(key, textOf(cell), version, cell.place));
  }
  return operations;
}

function pushCells(operations: StoreOperation[], delta: KeyValueDelta, version: number): void {
  const { keys, texts } = delta;
  for (let place = 0; place < keys.length; place += 1) {
    operations.push(cellRecord(keys[place] as string, texts[place], version, place));
  }
}
