/** What the master machine remembers, and what it is told and asks for. */
import type { MasterDelays } from './delays.js';
import type { Reign } from './outcome.js';
import type {
  AbortMessage,
  AnnounceMessage,
  CommitMessage,
  DeltaLink,
  Durability,
  Epoch,
  MasterMessage,
  Payload,
  Point,
  Position,
  PreparedRound,
  PrepareMessage,
} from './protocol.js';
import type { Vote, Votes } from './tally.js';

/** A group of changes that goes out as one delta (P17). `id` is the round id of a two-phase one. */
export interface Group {
  readonly id: string;
  readonly from: Point;
  readonly to: Point;
  readonly payload: Payload;
  readonly durability: Durability;
}

/** A two-phase group with the slaves whose yes it needs, fixed at begin (P14). */
export interface RoundGroup extends Group {
  readonly participants: readonly string[];
  readonly voteMs: number;
}

/** A decided or aborted round that somebody still has to confirm (P10, P20). */
export interface ClosedRound {
  readonly round: string;
  readonly outcome: 'committed' | 'aborted';
  readonly to: Point;
  readonly reason: string;
  /** Slaves that have not confirmed yet. */
  readonly waiting: readonly string[];
}

/** Why a round is aborted, for its caller and for people. */
export interface AbortReason {
  readonly code: 'VETOED' | 'TIMEOUT' | 'ROLLED_BACK' | 'ABORTED' | 'NOT_RUNNING';
  readonly reason: string;
  /** The participant that left and so ended it. */
  readonly left?: string;
}

export interface MasterProblem {
  readonly code: string;
  readonly reason: string;
}

export interface MasterContext {
  readonly delays: MasterDelays;
  readonly lineage: string;
  readonly volatile: boolean;
  readonly epoch: Epoch;
  readonly incarnation: string;
  /** Where the original stands; never above what is durable as promised (P1, S11). */
  readonly position: Point;
  readonly firm: Point;
  /** The highest version number ever issued or shown, and the durable bound of those (P7). */
  readonly issued: number;
  readonly reserved: number;
  readonly reigns: readonly Reign[];
  /** A slave showed more than this master's log holds (P16). */
  readonly shownBehind: boolean;
  readonly group: Group | null;
  readonly round: RoundGroup | null;
  readonly votes: Votes;
  readonly abortReason: AbortReason | null;
  readonly closed: readonly ClosedRound[];
  /** A decision found on disk whose commit has to be redone before any message leaves (P9). */
  readonly redo: RoundGroup | null;
  /** The last few increments, for slaves that are one or two behind (claim 46). */
  readonly recent: readonly DeltaLink[];
  readonly problem: MasterProblem | null;
}

export interface MasterInput {
  readonly delays: MasterDelays;
}

/** What an earlier process left on disk, or a fresh lineage. */
export interface RecoveredMaster {
  readonly lineage: string;
  readonly volatile: boolean;
  readonly epoch: Epoch;
  readonly incarnation: string;
  readonly position: Point;
  readonly firm: Point;
  readonly reserved: number;
  readonly reigns: readonly Reign[];
  readonly closed: readonly ClosedRound[];
  readonly redo: RoundGroup | null;
}

/** What a slave confirmed: its position, how durable, and which round it named. */
export interface Confirmation {
  readonly slave: string;
  readonly position: Point;
  /** True when the slave reached `disk`, or has no disk to reach (P20). */
  readonly settled: boolean;
  readonly round: string | null;
}

export type MasterEvent =
  | { readonly type: 'recovered'; readonly found: RecoveredMaster }
  | { readonly type: 'reignPersisted' }
  | { readonly type: 'announceGroup'; readonly group: Group }
  | { readonly type: 'proposeGroup'; readonly group: RoundGroup }
  | { readonly type: 'reserved'; readonly upTo: number }
  | { readonly type: 'originalCommitted'; readonly id: string }
  | { readonly type: 'originalFailed'; readonly id: string; readonly problem: MasterProblem }
  | { readonly type: 'votes'; readonly votes: readonly Vote[] }
  | { readonly type: 'polled' }
  | { readonly type: 'decisionPersisted'; readonly round: string }
  | { readonly type: 'originalRolledBack'; readonly round: string }
  | { readonly type: 'rollback'; readonly round: string; readonly reason: string }
  | { readonly type: 'slaveReturned'; readonly slave: string; readonly holds: string | null }
  | { readonly type: 'slaveLost'; readonly slave: string; readonly reason: string }
  | { readonly type: 'slaveForgotten'; readonly slave: string }
  | { readonly type: 'confirmations'; readonly confirmations: readonly Confirmation[] }
  | { readonly type: 'versionShown'; readonly version: number; readonly ahead: boolean }
  | {
      readonly type: 'inquired';
      readonly slave: string;
      readonly prepared: PreparedRound;
      readonly digestAtTo: string | undefined;
    }
  | { readonly type: 'epochSeen'; readonly epoch: Epoch; readonly sender: string }
  | { readonly type: 'rivalSeen'; readonly sender: string; readonly incarnation: string }
  | { readonly type: 'storeFailed'; readonly problem: MasterProblem }
  | { readonly type: 'stop' };

/** How a group ended, for the tasks of its members. */
export type Settlement =
  | { readonly state: 'committed'; readonly version: number }
  | { readonly state: 'aborted'; readonly reason: AbortReason; readonly votes: Votes }
  | { readonly state: 'failed'; readonly problem: MasterProblem }
  | { readonly state: 'unknown'; readonly problem: MasterProblem };

/** What the master machine asks of lib/; each is one named action with these params. */
export interface MasterEffects {
  /** Read the records of an earlier process, or make a lineage; answers `recovered`. */
  recover: undefined;
  /** Make epoch, incarnation and reserved numbers durable before any message leaves (P16, P7). */
  persistReign: { readonly epoch: Epoch; readonly incarnation: string; readonly reserved: number };
  /** Make more version numbers usable (P7); answers `reserved`. */
  reserve: { readonly upTo: number };
  /** To all slaves of this item, or only to some, in this order (claims 10, 20, 23). */
  multicast: { readonly sends: readonly Sending[] };
  /** To one slave. */
  reply: { readonly slave: string; readonly message: MasterMessage };
  /** Give the delta to the user layer; with a round, its decision makes it redoable (P9). */
  commitOriginal: { readonly group: Group; readonly next: Position; readonly decided: boolean };
  /** Write the decision down, synced, with all that is needed to redo it (P7, P9). */
  persistDecision: { readonly group: RoundGroup; readonly next: Position };
  /** Delete the records of rounds that everybody confirmed (P20). */
  forgetDecisions: { readonly rounds: readonly string[] };
  /** Let the network be read once more before a deadline counts (P12). */
  pollNetwork: undefined;
  /** Tell the user layer that the delta will not be replicated (claim 5). */
  rollbackOriginal: { readonly group: Group; readonly reason: string };
  /** The group is over: settle the tasks of its members. */
  settle: { readonly id: string; readonly settlement: Settlement };
  /** A slave said it holds the round's outcome at the level asked for. */
  confirmed: { readonly confirmations: readonly Confirmation[] };
  /** Something the host should hear of. */
  report: { readonly problem: MasterProblem };
}

/** One message and who it is for: every slave of the item, or only some, or all but some. */
export interface Sending {
  readonly message: Unsequenced;
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

/** A message that gets its sequence number at the moment of sending. */
export type Unsequenced =
  | Omit<AnnounceMessage, 'sequence'>
  | Omit<PrepareMessage, 'sequence'>
  | Omit<CommitMessage, 'sequence'>
  | Omit<AbortMessage, 'sequence'>;
