/** What a slave keeps on disk beside its data, and how it is read back. */

import type { Epoch, Point, Position } from '../../machines/protocol.js';
import type { Offer, RecoveredSlave } from '../../machines/slave-context.js';
import { bytesOf, payloadOf } from './payload.js';

interface ReignRecord {
  readonly lineage: string;
  readonly epoch: Epoch;
  readonly incarnation: string;
  readonly volatile: boolean;
  readonly left: readonly string[];
}

type PromiseRecord = Omit<Offer, 'payload'> & { readonly delta: Uint8Array };

export const SLAVE_RECORDS = {
  reign: 'reign',
  position: 'position',
  firm: 'firm',
  promise: 'promise',
} as const;

export function promiseRecord(offer: Offer): PromiseRecord {
  const { payload, ...promise } = offer;
  return { ...promise, delta: bytesOf(payload) };
}

function readPromise(record: PromiseRecord | undefined): Offer | null {
  if (record === undefined) return null;
  const { delta, ...promise } = record;
  return { ...promise, payload: payloadOf(delta) };
}

const UNKNOWN_REIGN: Epoch = { term: 0, start: 0 };

/** The store checked the records against their chain; their types are what this code wrote. */
export function readSlave(
  records: ReadonlyMap<string, unknown>,
  position: Position | null,
): RecoveredSlave {
  const reign = records.get(SLAVE_RECORDS.reign) as ReignRecord | undefined;
  // A reign of another lineage was noted for a move that a crash cut short: the data decides.
  const applies = reign !== undefined && (position === null || position.lineage === reign.lineage);
  const promise = readPromise(records.get(SLAVE_RECORDS.promise) as PromiseRecord | undefined);
  return {
    lineage: position?.lineage ?? (applies && reign.lineage !== '' ? reign.lineage : null),
    volatile: reign?.volatile ?? false,
    left: (reign?.left ?? []).filter((lineage) => lineage !== position?.lineage),
    epoch: applies ? reign.epoch : (position?.epoch ?? UNKNOWN_REIGN),
    incarnation: applies ? reign.incarnation : null,
    position,
    firm: (records.get(SLAVE_RECORDS.firm) as Point | undefined) ?? null,
    prepared: promise,
  };
}
