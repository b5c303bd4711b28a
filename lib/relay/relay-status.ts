/** What the person on call sees of a relay: itself as a slave, and those below it. */
import type { Position } from '../../machines/protocol.js';
import type { SlaveInfo, SlaveStatus, Trouble } from '../service/status.js';

/** Those below, in figures, and the one to look at first. */
export interface BelowStatus {
  /** Known to this relay, connected or not. */
  readonly slaves: number;
  readonly live: number;
  /** At the version that the master last named. */
  readonly current: number;
  /** Furthest behind, or in trouble; null while all are live and current. */
  readonly worst: SlaveInfo | null;
}

export interface RelayStatus extends SlaveStatus {
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

export function belowOf(rows: readonly SlaveInfo[]): BelowStatus {
  const isWell = ({ link, lag, problem }: SlaveInfo) =>
    link === 'live' && lag === 0 && problem === null;
  return {
    slaves: rows.length,
    live: rows.filter(({ link }) => link === 'live').length,
    current: rows.filter(({ lag }) => lag === 0).length,
    worst: rows.find((row) => !isWell(row)) ?? null,
  };
}
