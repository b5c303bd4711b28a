/** Owner of a copy that is a flat map. */
import type { Position } from '../../../machines/protocol.js';
import { ReplicationError } from '../../errors.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { CommitContext, MaybePromise, SlaveUserLayer, SnapshotContext } from '../contract.js';
import { chain } from '../maybe.js';
import { textOf } from './cell.js';
import { CellTable } from './cells.js';
import { KeyValueCopy, type KeyValueData } from './copy.js';
import { deltaOf, type KeyValueDelta } from './delta.js';
import { checkDelta } from './operations.js';
import { floorRecord, packedRecord } from './records.js';
import { BLOCK_BYTES, readSnapshot } from './snapshot.js';

/** Reading the copy. */
export type KeyValueSlaveData<V> = KeyValueData<V>;

interface Prepared {
  readonly round: string;
  readonly version: number;
  readonly digest: string;
}

export class KeyValueSlave<V>
  extends KeyValueCopy<V>
  implements SlaveUserLayer<KeyValueDelta>, KeyValueSlaveData<V>
{
  #prepared: Prepared | null = null;

  prepare(round: string, delta: KeyValueDelta, next: Position): MaybePromise<void> {
    const remember = (): void => {
      this.#prepared = { round, version: next.version, digest: next.digest };
    };
    const checked = checkDelta(delta, this, this.settings);
    return chain(checked, remember);
  }

  commit(delta: KeyValueDelta, next: Position, context: CommitContext): MaybePromise<void> {
    if (this.holds(next)) return undefined;
    const prepared = this.#prepared;
    this.#prepared = null;
    const known = prepared?.version === next.version && prepared.digest === next.digest;
    const checked = known ? undefined : checkDelta(delta, this, this.settings);
    return chain(checked, () => this.take(delta, next, context));
  }

  abort(round: string): void {
    if (this.#prepared?.round === round) this.#prepared = null;
  }

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): Promise<void> {
    const table = new CellTable();
    let complete = false;
    const fill = async function* (this: KeyValueSlave<V>): AsyncGenerator<StoreOperation[]> {
      yield* this.#receive(chunks, next.version, table, context.replace !== undefined);
      await this.#checkAll(table);
      complete = true;
    };
    const batches = fill.call(this);
    if (context.replace !== undefined) await context.replace(batches);
    else for await (const _ of batches);
    if (!complete) throw new ReplicationError('STORE_FAILED', 'The store did not take all batches');
    this.#prepared = null;
    this.adopt(table, next);
  }

  async *#receive(
    chunks: AsyncIterable<Uint8Array>,
    version: number,
    table: CellTable,
    persistent: boolean,
  ): AsyncGenerator<StoreOperation[]> {
    // What was deleted before is not known here: this copy, made a master, cannot tell others.
    table.floor = version;
    let firstPlace = 0;
    const blockBytesMax = this.settings.budget.textLengthMax * 3 + BLOCK_BYTES * 2;
    for await (const texts of readSnapshot(chunks, blockBytesMax)) {
      table.load(texts, version, firstPlace);
      const place = firstPlace;
      const record = (key: string, index: number): StoreOperation =>
        packedRecord(key, texts.bytesAt(place + index), version, place + index);
      firstPlace += texts.keys.length;
      yield persistent ? texts.keys.map(record) : [];
    }
    table.markSettled();
    yield [floorRecord(version)];
  }

  async #checkAll(table: CellTable): Promise<void> {
    const { schema, prepare } = this.settings;
    if (schema === undefined && prepare === undefined) return;
    const cells = [...table.cellsAt(Number.POSITIVE_INFINITY)];
    const keys = cells.map((cell) => cell.key);
    const texts = cells.map(textOf);
    await checkDelta(deltaOf(keys, texts), this, this.settings);
  }
}
