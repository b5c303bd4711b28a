/** What the slave machine remembers, and what it is told and asks for. */
import type { SlaveDelays } from './delays.js';
import type { Verdict } from './outcome.js';
import type {
  AbortMessage,
  AnnounceMessage,
  CommitMessage,
  DeltaLink,
  Durability,
  Envelope,
  Enveloped,
  Epoch,
  MasterMessage,
  OutcomeMessage,
  Payload,
  Point,
  Position,
  PreparedRound,
  PrepareMessage,
  RefusedMessage,
  Relation,
  SlaveMessage,
  SnapshotReason,
  WelcomeMessage,
} from './protocol.js';

/** A prepare that is being worked on: the slave has neither promised nor refused yet. */
export interface Offer extends PreparedRound {
  readonly payload: Payload;
  /** Everybody whose yes the round needs; empty where the prepare did not name them. */
  readonly participants?: readonly string[];
}

/** The last answer given to a round, so that a repeated prepare gets the same one (P8). */
export interface GivenVote {
  readonly round: string;
  readonly answer: 'yes' | 'no';
  readonly reason: string | null;
  readonly code: string | null;
}

/** Why this copy cannot follow, for people; `code` is an error code. */
export interface Problem {
  readonly code: string;
  readonly reason: string;
}

/**
 * One key, because XState copies the context at every assignment with `Object.assign`: from 20 keys
 * on V8 makes a dictionary of the copy, and each copy then takes thirty times as long.
 */
export interface SlaveContext {
  readonly facts: SlaveFacts;
}

/** What a slave knows of itself, its master, and what is under way. */
export interface SlaveFacts {
  readonly id: string;
  readonly self: string;
  readonly delays: SlaveDelays;
  /** Whether it has a store: without one its acks never reach `disk` (P19). */
  readonly durable: boolean;
  /** Limits of what is held while the copy is busy (P5, P15). */
  readonly heldBytesMax: number;
  /** The lineage this slave follows; null while it never had one. */
  readonly lineage: string | null;
  readonly volatile: boolean;
  /** Lineages it was moved away from: never adopted again (P2). */
  readonly left: readonly string[];
  /** A lineage the host ordered it to take (P22). */
  readonly adopt: string | null;
  readonly epoch: Epoch;
  readonly incarnation: string | null;
  /** True from a welcome under a new reign until that reign is on disk: nothing is acted on. */
  readonly reignPending: boolean;
  readonly position: Position | null;
  readonly firm: Point | null;
  /** The newest of the master's promises on disk. */
  readonly masterFirm: Point;
  readonly sequence: number;
  readonly openRound: string | null;
  /** Where the master stands, by the newest message. */
  readonly target: Point | null;
  readonly hello: string | null;
  readonly helloCount: number;
  /** Hellos since the master was last known to speak. */
  readonly unanswered: number;
  readonly heartbeatMs: number;
  /** Counts accepted messages; the silence check compares it with what it saw last. */
  readonly heard: number;
  readonly heardBefore: number;
  readonly held: readonly DeltaLink[];
  /** The copy moved after its last hello: a welcome that answers it tells of the place before. */
  readonly moved: boolean;
  /** The copy moved under an earlier reign after the hello: its standing has to be asked anew. */
  readonly mustGreet: boolean;
  /** Request and install as if empty: by quarantine, adoption, or the host's order. */
  readonly rebase: boolean;
  /** How the last welcome said this copy stands to the master's history (P2, P16, P19). */
  readonly standing: 'following' | 'reset' | 'regressed';
  readonly offer: Offer | null;
  readonly offerSynced: boolean;
  readonly prepared: Offer | null;
  /** Set once the held round is decided and its commit or abort is being made. */
  readonly verdict: Verdict | null;
  /** The verdict is the host's own: no master promised it (P22). */
  readonly isForced: boolean;
  /** The round whose drop is under way. */
  readonly closing: string | null;
  readonly vote: GivenVote | null;
  readonly problem: Problem | null;
  readonly failures: number;
  readonly progress: number;
  readonly progressBefore: number;
  readonly ignored: number;
}

export interface SlaveInput {
  readonly id: string;
  /** Id of this process life; makes hello ids unique across restarts. */
  readonly self: string;
  readonly delays: SlaveDelays;
  /** Whether it has a store: without one its acks never reach `disk` (P19). */
  readonly durable: boolean;
  readonly heldBytesMax: number;
}

/** What an earlier process left on disk. */
export interface RecoveredSlave {
  readonly lineage: string | null;
  readonly volatile: boolean;
  readonly left: readonly string[];
  readonly epoch: Epoch;
  readonly incarnation: string | null;
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly prepared: Offer | null;
}

/** One increment of a commit job: what to apply and where it leads. */
export interface CommitStep {
  readonly from: Point;
  readonly payload: Payload;
  readonly next: Position;
  readonly durability: Durability;
}

/** Everything the slave machine is told: messages of the master, ends of jobs, the host. */
/** Where a job brought the copy, with what it wrote down as promised on disk (P19). */
export interface Moved {
  readonly position: Position;
  readonly firm: Point;
}

export type SlaveEvent =
  | {
      readonly type: 'message';
      readonly message: Enveloped<Exclude<MasterMessage, { kind: 'delta' | 'snapshot' }>>;
    }
  | { readonly type: 'welcome'; readonly message: Enveloped<WelcomeMessage> }
  | { readonly type: 'announce'; readonly message: Enveloped<AnnounceMessage> }
  | { readonly type: 'prepare'; readonly message: Enveloped<PrepareMessage> }
  | { readonly type: 'commit'; readonly message: Enveloped<CommitMessage> }
  | { readonly type: 'abort'; readonly message: Enveloped<AbortMessage> }
  | { readonly type: 'outcome'; readonly message: Enveloped<OutcomeMessage> }
  | { readonly type: 'refused'; readonly message: Enveloped<RefusedMessage> }
  | { readonly type: 'greet' }
  | { readonly type: 'foreign' }
  | { readonly type: 'stray' }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  | { readonly type: 'recovered'; readonly found: RecoveredSlave }
  | { readonly type: 'reignPersisted'; readonly incarnation: string }
  | DeltaArrived
  | SnapshotBegan
  | { readonly type: 'transferProgressed' }
  | { readonly type: 'transferLost'; readonly reason: string }
  | (Moved & { readonly type: 'committed'; readonly round: string | null })
  | { readonly type: 'commitFailed'; readonly problem: Problem; readonly moved: Moved | null }
  | (Moved & { readonly type: 'installed'; readonly volatile: boolean })
  | { readonly type: 'installFailed'; readonly problem: Problem }
  | { readonly type: 'canPrepare'; readonly round: string }
  | { readonly type: 'cannotPrepare'; readonly round: string; readonly problem: Problem }
  | { readonly type: 'promised'; readonly round: string }
  | { readonly type: 'roundDropped'; readonly round: string }
  | { readonly type: 'storeFailed'; readonly problem: Problem }
  | { readonly type: 'resync' }
  | (Fence & { readonly type: 'fence' })
  | { readonly type: 'adopt'; readonly lineage: string }
  | { readonly type: 'resolve'; readonly round: string; readonly verdict: Verdict }
  | { readonly type: 'stop' };

/** A promise to refuse masters below `term`, given to one candidate of that term. */
export interface Fence {
  readonly term: number;
  readonly candidate: string;
  /** What a copy that is still empty holds on to. */
  readonly lineage: string | null;
}

/** A requested increment arrived whole and with the right checksum. */
export interface DeltaArrived {
  readonly type: 'deltaArrived';
  readonly envelope: Envelope;
  readonly from: Point;
  readonly to: Position;
  readonly durability: Durability;
  readonly round: string | null;
  readonly payload: Payload;
}

/** The first part of a whole state arrived; the rest is on its way. */
export interface SnapshotBegan {
  readonly type: 'snapshotBegan';
  readonly envelope: Envelope;
  readonly build: string;
  readonly to: Position;
  readonly reason: SnapshotReason;
  readonly firmRelation: Relation;
}

/** What the slave machine asks of lib/; each is one named action with these params. */
export interface SlaveEffects {
  /** Read the records of an earlier process; answers `recovered` or `storeFailed`. */
  recover: undefined;
  /** To the master; the envelope is added at sending. */
  transmit: { readonly message: SlaveMessage };
  /** Say where this copy stands; several within one turn may become one message. */
  acknowledge: { readonly round: string | null };
  /** Ask for the missing delta after a random part of `jitterMs`, resuming a cut transfer. */
  request: { readonly round: string | null; readonly rebase: boolean; readonly jitterMs: number };
  /** Make lineage, epoch and incarnation durable before acting under them (P16). */
  persistReign: {
    readonly lineage: string;
    readonly epoch: Epoch;
    readonly incarnation: string;
    readonly volatile: boolean;
    readonly left: readonly string[];
  };
  /** Make it durable that masters of lower terms are refused, and say when it is. */
  persistFence: {
    readonly lineage: string;
    readonly term: number;
    readonly candidate: string;
    readonly volatile: boolean;
    readonly left: readonly string[];
  };
  /** Ask the user layer whether it can take the delta (claim 28). */
  askUser: { readonly offer: Offer; readonly next: Position };
  /** Make the promise durable; only then may the yes leave (P8). */
  persistPromise: { readonly offer: Offer };
  /** Give increments to the user layer, data and version in one durable step (P4). */
  commitCopy: {
    readonly steps: readonly CommitStep[];
    readonly round: string | null;
    readonly firm: Point;
  };
  /** Install the whole state of this transfer, all or nothing (S13). */
  installCopy: {
    readonly build: string;
    readonly to: Position;
    readonly firm: Point;
    readonly volatile: boolean;
    readonly left: readonly string[];
    readonly reset: boolean;
  };
  /** Stop reading the transfer. */
  cancelTransfer: undefined;
  /** Nobody answers on this connection: end it, unless others hear something on it (L3). */
  hangUp: undefined;
  /**
   * Tell the user layer to forget the round and delete its record (claim 35). `superseded` when
   * history went past a promise: then the round may well have been committed elsewhere.
   */
  dropRound: { readonly round: string; readonly superseded: boolean };
  /** Something the host should hear of; `heuristic` marks a forced outcome (P22). */
  report: { readonly problem: Problem; readonly heuristic?: boolean };
}
