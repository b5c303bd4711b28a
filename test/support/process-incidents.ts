/** The incidents of a chaos run by name: what happens once, beside the rounds. */
import { masterDiskFull, masterDiskSlow, slaveDiskFull, slaveDiskSlow } from './process-disks.js';
import type { Ground } from './process-ground.js';
import {
  masterEmpty,
  masterRestoredBackupRight,
  masterRestoredNewLineage,
  masterRestoredSlavesRight,
  slaveRestored,
} from './process-restored.js';
import { rivalLaterReign, rivalSameReign, sameFolder, sameSlaveId } from './process-rivals.js';

export interface Incident {
  readonly name: string;
  readonly needsMount: boolean;
  /** @throws when something did not go as promised; the judge looks at the rest */
  readonly run: (ground: Ground) => Promise<void>;
}

const plain = (name: string, run: Incident['run']): Incident => ({ name, run, needsMount: false });
const mounted = (name: string, run: Incident['run']): Incident => ({ name, run, needsMount: true });

export const INCIDENTS: readonly Incident[] = [
  plain('slave-restored', slaveRestored),
  plain('master-restored-slaves-right', masterRestoredSlavesRight),
  plain('master-restored-backup-right', masterRestoredBackupRight),
  plain('master-restored-new-lineage', masterRestoredNewLineage),
  plain('master-empty', masterEmpty),
  plain('same-folder', sameFolder),
  plain('same-slave-id', sameSlaveId),
  plain('rival-same-reign', rivalSameReign),
  plain('rival-later-reign', rivalLaterReign),
  mounted('slave-disk-full', slaveDiskFull),
  mounted('master-disk-full', masterDiskFull),
  plain('slave-disk-slow', slaveDiskSlow),
  plain('master-disk-slow', masterDiskSlow),
];
