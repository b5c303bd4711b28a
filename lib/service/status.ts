/** What host and on-call person see: who stands where, and why not further (design section 2). */
import type {
  LinkState,
  NodeBelow,
  Point,
  Position,
  PreparedRound,
} from '../../machines/protocol.js';
import type { ErrorCode } from '../errors.js';

/** One slave as the master sees it. */
export interface SlaveInfo {
  readonly id: string;
  /** `joining` = not accepted yet; `stale` = connected or known, but silent or gone. */
  readonly link: LinkState;
  /** Version it confirmed last; 0 = nothing yet. */
  readonly version: number;
  /** Versions behind the master. */
  readonly lag: number;
  /** What it does: `current`, `behind`, `syncing`, `voting`, `quarantined`, ... for people. */
  readonly stage: string;
  /** Milliseconds since anything was heard from it. */
  readonly age: number;
  readonly incarnation: string;
  /** Where it connects from, as the transport names it. */
  readonly peer: string | null;
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

/**
 * All nodes below a master or a relay, on every level: its own slaves as it sees them, those below
 * relays as these told with the last heartbeats.
 */
export interface BelowStatus {
  /**
   * Known nodes, connected or not, relays among them, one that moved where it is now; those below a
   * relay that is gone are not.
   */
  readonly slaves: number;
  readonly relays: number;
  readonly live: number;
  /** At the version that the master last named, or past it. */
  readonly current: number;
  /**
   * How many stand at which version, the newest first, at most 8: of more versions the ones with
   * the fewest slaves are told as the next lower one.
   */
  readonly versions: readonly { readonly version: number; readonly slaves: number }[];
  /** The first of `behind`; null while all are live and current. */
  readonly worst: NodeBelow | null;
  /** Who is behind, not live or in trouble, furthest behind first, at most 32; 8 of each relay. */
  readonly behind: readonly NodeBelow[];
}

/** A slave's own state, in parts, since it can be stale and in doubt at once. */
export interface SlaveStatus {
  readonly link: 'joining' | 'live' | 'stale' | 'refused';
  readonly data: 'empty' | 'syncing' | 'current' | 'behind' | 'quarantined' | 'regressed';
  readonly round: 'none' | 'prepared' | 'in-doubt';
  /** The round it holds, where there is one. */
  readonly roundId: string | null;
  /** Milliseconds it has been in doubt; 0 when it is not. */
  readonly inDoubtFor: number;
  readonly problem: { readonly code: string; readonly reason: string } | null;
  /** The master's position as last heard. */
  readonly target: Point | null;
  /** One word for people. */
  readonly summary: string;
}

/** Where a copy stands that refuses masters below `term`. */
export interface CopyStanding {
  /** Of its data, or the one it was told of while it has none. */
  readonly lineage: string | null;
  readonly term: number;
  /** Who the term was promised to; null once a master of it was followed. */
  readonly candidate: string | null;
  readonly position: Position | null;
  /** The round it voted yes in and does not know the end of. */
  readonly prepared: (PreparedRound & { readonly participants?: readonly string[] }) | null;
}

/** How far a first copy or a large delta came. */
export interface TransferProgress {
  readonly kind: 'delta' | 'snapshot';
  readonly bytes: number;
  readonly chunks: number;
}

export interface MasterStatus {
  readonly state: 'stopped' | 'recovering' | 'serving' | 'fenced' | 'halted';
  readonly position: Position | null;
  readonly round: { readonly id: string; readonly stage: string } | null;
  readonly queued: number;
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

/** Something the host should know and that ends nothing by itself. */
export interface Trouble {
  readonly code: ErrorCode | string;
  readonly reason: string;
  /** True for an outcome that was forced by the host, not decided by the protocol (P22). */
  readonly heuristic: boolean;
}

export interface MasterEvents {
  /** A slave joined, left, moved or changed its stage. */
  slave: SlaveInfo;
  /** The original moved. */
  position: Position;
  status: MasterStatus;
  trouble: Trouble;
}

export interface SlaveEvents {
  status: SlaveStatus;
  /** The copy moved. */
  position: Position;
  /** A whole state replaced the copy below or beside its old position (S7). */
  reset: { readonly from: Position; readonly to: Position };
  progress: TransferProgress;
  trouble: Trouble;
}
