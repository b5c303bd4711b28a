/**
 * The words of the protocol (design section 5): what a position is, and every message that
 * master and slave service layers exchange. Payload bytes never appear here: a message names
 * them by an opaque `Payload`, which only lib/ looks into, so that machines stay small and pure.
 */

/** Version of this message vocabulary; peers with another one are refused with `PROTOCOL`. */
export const PROTOCOL_VERSION = 2;

/** How a change travels: pulled by slaves after an announcement, or voted on by all of them. */
export type Method = 'one-phase' | 'two-phase';

/** What a promise survives: `disk` a power cut, `os` the death of the process, `memory` neither. */
export type Durability = 'disk' | 'os' | 'memory';

/** A reign of a master: a takeover the host ordered raises `term`, every start raises `start`. */
export interface Epoch {
  readonly term: number;
  readonly start: number;
}

/** A place in one lineage's history: `digest` is chained over all deltas up to `version`. */
export interface Point {
  readonly version: number;
  readonly digest: string;
}

/** Where a copy stands. `epoch` is the reign under which it took `version`. */
export interface Position extends Point {
  readonly lineage: string;
  readonly epoch: Epoch;
}

/**
 * A reference to encoded bytes. The machines pass it on and never look inside; `bytes` is the
 * length, so that a guard can weigh it, and `checksum` proves the content (S12).
 */
export interface Payload {
  readonly bytes: number;
  readonly checksum: string;
  /** The encoded delta itself; opaque to machines, absent where only its size travels. */
  readonly body?: unknown;
}

/** One increment between two points; `payload` is absent where only the fact of it is told. */
export interface DeltaLink {
  readonly from: Point;
  readonly to: Point;
  readonly durability: Durability;
  readonly payload?: Payload;
}

/** On every message: who says it, about which item, under which reign. */
export interface Envelope {
  readonly protocol: number;
  readonly item: string;
  readonly lineage: string;
  readonly epoch: Epoch;
  readonly incarnation: string;
  readonly sender: string;
}

/**
 * Stamped together at the moment of sending on announce, prepare, commit and abort, so that a
 * receiver can tell from any one of them which rounds are still open (P2, P10).
 */
export interface Stamp {
  readonly sequence: number;
  readonly position: Point;
  /** The highest point promised on disk: slaves may be reset down to it, never below (P19). */
  readonly firm: Point;
  readonly openRound: string | null;
}

/** Master to all: where the original stands, with the last few increments (claims 11, 12, 46). */
export interface AnnounceMessage extends Stamp {
  readonly kind: 'announce';
  readonly links: readonly DeltaLink[];
  /** Asks every receiver to acknowledge at once: a heartbeat, or a probe of one slave (P13). */
  readonly reply: boolean;
}

/** Master to all: can you take this delta? (P8) */
export interface PrepareMessage extends Stamp {
  readonly kind: 'prepare';
  readonly round: string;
  readonly from: Point;
  readonly to: Point;
  /** Empty where it goes to nobody else: the names of all, told to all, would be their square. */
  readonly participants: readonly string[];
  readonly links: readonly DeltaLink[];
  /** Absent body where the delta is too large for one frame: the slave requests the round. */
  readonly payload: Payload;
}

/** Master to all: the round is decided, make it so (claims 18-20). */
export interface CommitMessage extends Stamp {
  readonly kind: 'commit';
  readonly round: string;
  readonly to: Point;
}

/** Master to all: the round is off, nobody will ever see it (claims 21-23). */
export interface AbortMessage extends Stamp {
  readonly kind: 'abort';
  readonly round: string;
  readonly reason: string;
}

/** The four messages that carry a stamp. */
export type StampedMessage = AnnounceMessage | PrepareMessage | CommitMessage | AbortMessage;

/** How a point that a slave showed relates to the master's own history. */
export type Relation = 'same' | 'behind' | 'ahead' | 'fork' | 'unknown';

/** Master to one: accepted, and how you stand to me. Matched by the hello's id (P2). */
export interface WelcomeMessage {
  readonly kind: 'welcome';
  readonly hello: string;
  readonly position: Point;
  readonly firm: Point;
  readonly sequence: number;
  readonly openRound: string | null;
  readonly volatile: boolean;
  readonly heartbeatMs: number;
  readonly relation: Relation;
  readonly firmRelation: Relation;
}

/** Why a slave gets a snapshot where it asked for a delta (P3). */
export type SnapshotReason = 'empty' | 'trimmed' | 'fork';

/** Master to one: part of an increment, or of a whole state. Never mistaken for one another. */
export interface ChunkMessage {
  readonly kind: 'delta' | 'snapshot';
  readonly build: string;
  readonly index: number;
  readonly last: boolean;
  readonly from: Point;
  readonly to: Position;
  readonly durability: Durability;
  readonly round: string | null;
  readonly reason: SnapshotReason | null;
  readonly firmRelation: Relation;
  readonly payload: Payload;
}

/** What became of a round, as far as the answering master can know (P10, P11, P20). */
export type RoundOutcome = 'committed' | 'aborted' | 'pending' | 'unknown' | 'superseded';

/** Master to one: the answer to an inquiry. */
export interface OutcomeMessage {
  readonly kind: 'outcome';
  readonly round: string;
  readonly outcome: RoundOutcome;
  readonly position: Point;
}

/** Either way: I do not deal with you; `code` is an error code, `message` is for people. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
  readonly hello: string | null;
}

/** What a slave promised in a yes, as it stands in its prepared record. */
export interface PreparedRound {
  readonly round: string;
  readonly from: Point;
  readonly to: Point;
  readonly epoch: Epoch;
  readonly incarnation: string;
  readonly sequence: number;
}

/** Slave to master: who I am, where I stand, what I hold prepared (P5). */
export interface HelloMessage {
  readonly kind: 'hello';
  readonly hello: string;
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly prepared: PreparedRound | null;
  readonly durable: boolean;
}

/**
 * Slave to master: send what I lack. A copy that starts over says no position, and as `firm` where
 * it stood: a whole state for it is not older (S7). `round` asks for the payload of that open
 * round. With `build` it is the flow control of a running transfer: everything below `next`
 * arrived (P6).
 */
export interface RequestMessage {
  readonly kind: 'request';
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly round: string | null;
  readonly build: string | null;
  readonly next: number;
}

/** Slave to master: the answer of the slave's user layer (claims 28, 29, 47). */
export interface VoteMessage {
  readonly kind: 'vote';
  readonly round: string;
  readonly answer: 'yes' | 'no';
  readonly reason: string | null;
  readonly code: string | null;
  readonly position: Position | null;
  readonly needsSync: boolean;
}

/** Slave to master: this is where I stand, at this level; names a round it just left, if any. */
export interface AckMessage {
  readonly kind: 'ack';
  readonly position: Position | null;
  readonly durability: Durability;
  readonly round: string | null;
  readonly problem: string | null;
}

/** Slave to master: I am in doubt about this round; what became of it? (P11) */
export interface InquireMessage {
  readonly kind: 'inquire';
  readonly prepared: PreparedRound;
}

/** Slave to master: I am leaving on purpose. */
export interface GoodbyeMessage {
  readonly kind: 'goodbye';
  readonly reason: string;
}

/** How somebody stands to the one above, as that one sees it. */
export type LinkState = 'joining' | 'live' | 'lagging' | 'stale' | 'refused';

/** A node below a relay that is not where the master is, and why. */
export interface NodeBelow {
  readonly id: string;
  /** The relays between, the uppermost first; nobody where it is a direct slave. */
  readonly via: readonly string[];
  readonly version: number;
  readonly link: LinkState;
  /** What it does, for people: `behind`, `syncing`, `quarantined`, ... */
  readonly stage: string;
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

/**
 * `here`: connected. `left`: not any more, and counted at its former place as before. `dropped`:
 * not counted there any more, since it was forgotten or came elsewhere.
 */
export type MoveState = 'here' | 'left' | 'dropped';

/** A slave that came to a relay below, or left it. */
export interface NodeMove {
  readonly id: string;
  readonly via: readonly string[];
  /** Its process life: two of them at once under one id are two processes. */
  readonly incarnation: string;
  readonly state: MoveState;
  /** Of one that left: where it stood, and is counted. */
  readonly version: number;
}

/**
 * Relay to the one above, at most once in a heartbeat: who is below it on all levels. The figures
 * replace those said before; of names it has few, whatever the size of the tree. It informs people
 * and decides nothing: whoever does not know it drops it.
 */
export interface BelowMessage {
  readonly kind: 'below';
  /** Relays among those below. */
  readonly relays: number;
  readonly live: number;
  /** How many stand at which version, the newest first; of many, few are told as the next lower. */
  readonly versions: readonly { readonly version: number; readonly slaves: number }[];
  /** Those to look at first, furthest behind first. */
  readonly behind: readonly NodeBelow[];
  /** Who came and left, in this order for each; after a welcome everybody again. */
  readonly moves: readonly NodeMove[];
}

export type MasterMessage =
  | AnnounceMessage
  | PrepareMessage
  | CommitMessage
  | AbortMessage
  | WelcomeMessage
  | ChunkMessage
  | OutcomeMessage
  | RefusedMessage;

export type SlaveMessage =
  | HelloMessage
  | RequestMessage
  | VoteMessage
  | AckMessage
  | InquireMessage
  | GoodbyeMessage
  | BelowMessage
  | RefusedMessage;

export type Message = MasterMessage | SlaveMessage;
export type MessageKind = Message['kind'];

/** What only a slave says; `refused` is said by both. */
const KINDS_OF_SLAVES: Readonly<Record<Exclude<SlaveMessage['kind'], 'refused'>, true>> = {
  hello: true,
  request: true,
  vote: true,
  ack: true,
  inquire: true,
  goodbye: true,
  below: true,
};

export function isSaidBySlavesOnly(kind: MessageKind): boolean {
  return Object.hasOwn(KINDS_OF_SLAVES, kind);
}

/** A message with the envelope it travelled in. */
export type Enveloped<M extends Message = Message> = M & { readonly envelope: Envelope };
