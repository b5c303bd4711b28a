/** A slave's copy becomes an original: by its host's order only, never by itself (P16, P22). */
import { pointOf } from '../../machines/position.js';
import type { Epoch, Position, PreparedRound } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import type { ItemStorage, StoreDefinition, StoreOperation } from '../stores/contract.js';
import { openItemStorage } from '../stores/open-item-storage.js';
import { MASTER_RECORDS } from './master-records.js';
import { SLAVE_RECORDS } from './slave-records.js';

async function* asOperations(storage: ItemStorage): AsyncGenerator<readonly StoreOperation[]> {
  for await (const entries of storage.data()) yield entries.map(([key, value]) => ({ key, value }));
}

/** A promise that is still open binds the copy to the old master's decision (P11). */
function refuseDoubt(item: string, held: PreparedRound | undefined): void {
  if (held === undefined) return;
  const message =
    `the copy of "${item}" voted yes in round ${held.round} and does not know its end; start ` +
    'it as a slave and settle that with slave.resolve(round, outcome), then take over';
  throw new ReplicationError('OUTCOME_UNKNOWN', message);
}

function recordsOf(copy: ItemStorage, position: Position) {
  const reign = copy.records().get(SLAVE_RECORDS.reign) as
    | { readonly epoch: Epoch; readonly incarnation: string }
    | undefined;
  const { epoch, incarnation } = reign ?? { epoch: position.epoch, incarnation: '' };
  const point = pointOf(position);
  return {
    [MASTER_RECORDS.lineage]: position.lineage,
    [MASTER_RECORDS.reigns]: [{ epoch, incarnation }],
    [MASTER_RECORDS.reserved]: position.version,
    [MASTER_RECORDS.position]: position,
    [MASTER_RECORDS.firm]: point,
    [MASTER_RECORDS.history(position.version)]: point,
  };
}

/** A master on a slave's folder is a slip more often than a wish: the wish is spelled out. */
function refuseSlip(item: string, location: string): never {
  const message =
    `${location} holds a slave's copy of "${item}" and no original: give the master a store of ` +
    'its own, or order takeover: true to make that copy the original';
  throw new ReplicationError('INVALID_OPTION', message);
}

/**
 * Makes the copy that a slave kept in this store the data of the master that is being started on
 * it. Does nothing where the store holds an original already, or no copy.
 * @param original the master's part of the same store
 * @throws {ReplicationError} INVALID_OPTION when there is a copy and it was not ordered;
 * OUTCOME_UNKNOWN while the copy is in doubt about a round;
 * STORE_FAILED, CORRUPT from the store
 */
export async function promoteCopy(
  store: StoreDefinition,
  item: string,
  original: ItemStorage,
  isOrdered: boolean,
): Promise<void> {
  if (original.records().has(MASTER_RECORDS.lineage)) return;
  const copy = await openItemStorage(await store.open(), { item, role: 'slave' });
  try {
    const position = copy.records().get(SLAVE_RECORDS.position) as Position | undefined;
    if (position === undefined) return;
    if (!isOrdered) refuseSlip(item, original.location);
    refuseDoubt(item, copy.records().get(SLAVE_RECORDS.promise) as PreparedRound | undefined);
    await original.replace(asOperations(copy), () => ({ records: recordsOf(copy, position) }));
  } finally {
    await copy.close();
  }
}
