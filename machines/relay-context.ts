/** What the relay machine remembers, and what it is told and asks for. */
import type { ClosedRound, Confirmation } from './master-context.js';
import type { OutcomeMessage, Point, PreparedRound } from './protocol.js';
import type { Vote, Votes } from './tally.js';

export interface RelayDelays {
  /** From passing a prepare on to the deadline of the votes below (P14). */
  readonly voteMs: number;
}

/** A round of the master as it is asked below this relay; the participants are fixed (P14). */
export interface RelayRound {
  readonly round: string;
  readonly to: Point;
  readonly participants: readonly string[];
}

/** Why the relay says no in the name of its subtree. */
export interface RelayRefusal {
  readonly code: 'VETOED' | 'TIMEOUT' | 'ABORTED';
  readonly reason: string;
}

export interface RelayContext {
  readonly delays: RelayDelays;
  /** The round that was open when this process life was first welcomed: asked by an earlier one. */
  readonly openAtBirth: string | null;
  readonly round: RelayRound | null;
  readonly votes: Votes;
  readonly refusal: RelayRefusal | null;
  /** Outcomes passed on that somebody below still has to confirm (P10, P20). */
  readonly closed: readonly ClosedRound[];
  /** Inquiries passed up, with those below who asked: the answer goes back to them (P11). */
  readonly inquiries: Readonly<Record<string, readonly string[]>>;
}

export interface RelayInput {
  readonly delays: RelayDelays;
}

/** Who is to hear an outcome, beside those that were asked in this life. */
export interface Below {
  /** Slaves whose hello showed that they hold this round. */
  readonly holders: readonly string[];
  /** Slaves that are connected. */
  readonly present: readonly string[];
}

export type RelayEvent =
  | { readonly type: 'born'; readonly openRound: string | null }
  | ({ readonly type: 'asked'; readonly obstacle: string | null } & RelayRound)
  | { readonly type: 'votes'; readonly votes: readonly Vote[] }
  | { readonly type: 'polled' }
  | { readonly type: 'slaveReturned'; readonly slave: string; readonly holds: string | null }
  | { readonly type: 'slaveLost'; readonly slave: string; readonly reason: string }
  | { readonly type: 'slaveGone'; readonly slave: string }
  | (Below & { readonly type: 'committed'; readonly round: string | null; readonly to: Point })
  | (Below & { readonly type: 'aborted'; readonly round: string })
  | (Below & { readonly type: 'superseded'; readonly round: string; readonly position: Point })
  | { readonly type: 'confirmations'; readonly confirmations: readonly Confirmation[] }
  | {
      readonly type: 'inquired';
      readonly slave: string;
      readonly prepared: PreparedRound;
      /** Where this relay's copy stands; null while that is not the master's history. */
      readonly position: Point | null;
      readonly digestAtTo: string | undefined;
    }
  | { readonly type: 'answered'; readonly message: OutcomeMessage }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'cut' };

/** One word of the master's that is passed on to some of those below. */
export type Passing =
  | { readonly kind: 'prepare'; readonly round: string; readonly only: readonly string[] }
  | {
      readonly kind: 'commit';
      readonly round: string;
      readonly to: Point;
      readonly only: readonly string[];
    }
  | {
      readonly kind: 'abort';
      readonly round: string;
      readonly reason: string;
      readonly only: readonly string[];
    };

/** What the relay machine asks of lib/; each is one named action with these params. */
export interface RelayEffects {
  /** To some below, with the master's newest stamp. */
  pass: { readonly passings: readonly Passing[] };
  /** The whole subtree can take the round: the relay's own yes may be written down. */
  answerYes: { readonly round: string };
  answerNo: { readonly round: string; readonly refusal: RelayRefusal };
  /** Let the network be read once more before a deadline counts (P12). */
  pollNetwork: undefined;
  /** The answer to an inquiry, to everybody below who asked. */
  reply: { readonly slaves: readonly string[]; readonly message: OutcomeMessage };
  /** What this relay cannot answer by record goes up: it never presumes (P11). */
  inquireUp: { readonly prepared: PreparedRound };
  /** Everybody below confirmed what was committed, or left: the ack may say so (P20). */
  subtreeSettled: undefined;
}
