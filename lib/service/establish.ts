/**
 * How a run of a master begins: with what an earlier life left, or with a first version (P7, P16).
 */
import type { RecoveredMaster } from '../../machines/master-context.js';
import { ORIGIN, pointOf } from '../../machines/position.js';
import type { Point, Position } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { NEEDS_SNAPSHOT } from '../layers/contract.js';
import type { MasterParts } from './master-parts.js';
import { FIRST_VERSION, MASTER_RECORDS, type PastReign, readMaster } from './master-records.js';

type Establishing = Pick<MasterParts, 'settings' | 'storage' | 'original' | 'history'>;

export interface Established {
  readonly recovered: RecoveredMaster;
  readonly position: Position;
}

/** The first version under a lineage of its own; what the machine starts from follows it. */
async function found(
  run: Establishing,
  base: RecoveredMaster,
  delta: unknown,
  from: Point,
  version: number,
): Promise<Established> {
  const { lineage, epoch } = base;
  const position = await run.original.found(delta, from, { lineage, epoch, version });
  const point = pointOf(position);
  const firm = run.storage.isDurable ? point : ORIGIN;
  const reserved = Math.max(base.reserved, version);
  return { position, recovered: { ...base, position: point, firm, reserved } };
}

/** A decision that no commit followed yet belongs to the original, whatever its lineage (P9). */
async function redone(run: Establishing, base: RecoveredMaster): Promise<RecoveredMaster> {
  const { redo, lineage, epoch } = base;
  if (redo === null) return base;
  const next = { lineage, epoch, ...redo.to };
  await new Promise<void>((resolve, reject) => {
    run.original.commit(redo, next, false, resolve, ({ reason }) => {
      const message = `the decided change ${redo.to.version} could not be made: ${reason}`;
      reject(new ReplicationError('STORE_FAILED', message));
    });
  });
  return { ...base, position: redo.to, redo: null };
}

/** Gives the original as it is a new identity: slaves take it by order only (P16, P22). */
async function refound(run: Establishing, before: RecoveredMaster): Promise<Established> {
  const { layer } = run.settings;
  const base = await redone(run, before);
  const { version } = base.position;
  const nothing = await layer.createDelta(version, version);
  if (nothing === NEEDS_SNAPSHOT) {
    const message = 'this user layer makes no empty delta, so its original cannot change lineage';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  const fresh: RecoveredMaster = {
    ...base,
    lineage: run.settings.ids(),
    epoch: { term: 1, start: 1 },
    reigns: [{ epoch: { term: 1, start: 1 }, incarnation: base.incarnation }],
    closed: [],
    redo: null,
  };
  const forgotten = run.storage.ofThisLineage().map((key) => [key, undefined]);
  run.history.clear();
  run.storage.withNextCommit({
    ...Object.fromEntries(forgotten),
    [MASTER_RECORDS.lineage]: fresh.lineage,
  });
  return found(run, fresh, nothing, ORIGIN, Math.max(base.reserved, version) + 1);
}

/**
 * What the machine starts from.
 * @param options.before what an earlier run of this object remembers where no store does
 */
export async function establish(
  run: Establishing,
  initial: unknown,
  options: { readonly isNewLineage: boolean; readonly before: PastReign | null },
): Promise<Established> {
  const { layer, takeover, term } = run.settings;
  const { records, isDurable } = run.storage;
  const position = layer.position();
  const { before, isNewLineage } = options;
  const recovered = readMaster({
    ids: run.settings.ids,
    records,
    position,
    volatile: !isDurable,
    takeover,
    term,
    before,
  });
  if (
    position === null &&
    recovered.position.version === 0 &&
    records.has(MASTER_RECORDS.position)
  ) {
    const message = `the user layer lost data of "${run.settings.item}" that its store tells of`;
    throw new ReplicationError('CORRUPT', message);
  }
  if (position === null) {
    run.storage.withNextCommit({ [MASTER_RECORDS.lineage]: recovered.lineage });
    return found(run, recovered, initial, ORIGIN, Math.max(FIRST_VERSION, recovered.reserved + 1));
  }
  if (isNewLineage) return refound(run, recovered);
  run.history.add(recovered.position);
  return { recovered, position };
}
