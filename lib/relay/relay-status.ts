/** What the person on call sees of a relay: itself as a slave, and those below it. */
import type { Position } from '../../machines/protocol.js';
import type { BelowStatus, SlaveInfo, SlaveStatus, Trouble } from '../service/status.js';

export interface RelayStatus extends SlaveStatus {
  /** Those below, on all levels, in figures, and the ones to look at first. */
  readonly below: BelowStatus;
}

export interface RelayEvents {
  status: RelayStatus;
  /** The relay's own copy moved. */
  position: Position;
  /** A slave below joined, left or moved. */
  slave: SlaveInfo;
  trouble: Trouble;
}
