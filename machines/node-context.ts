/** What the machine of a node remembers, and what it is told and asks for. */
import type { Epoch, Position } from './protocol.js';
import type { ForcedOutcome, HeldRound, Judgment, NodeStanding } from './succession.js';

export interface NodeDelays {
  /** From an unanswered conference, or one that lacks answers, to the next. */
  readonly askAgainMs: number;
  /** How long a node that knows of a newer one leaves the lease to it. */
  readonly courtesyMs: number;
  /** From a failed attempt to lead to the next one. */
  readonly retryMs: number;
}

/** Who holds the lease, as far as this node heard. */
export interface Leader {
  readonly id: string;
  readonly term: number;
}

export interface NodeProblem {
  readonly code: string;
  readonly reason: string;
}

/** Changes of this node that the leader's history lacks, and where they are kept. */
export interface Conflict {
  /** Names what was set aside in the node's store. */
  readonly id: string;
  /** Where this node stood: its last change, under which reign. */
  readonly position: Position;
  /** Where the leader stood, and in which term, when they were found to differ. */
  readonly leader: { readonly epoch: Epoch; readonly version: number };
}

export interface NodeContext {
  readonly id: string;
  readonly members: number;
  /** False with a lease that only an operator gives: nobody is promoted by itself. */
  readonly isAutomatic: boolean;
  readonly delays: NodeDelays;
  readonly leader: Leader | null;
  /** The operator ordered this node to lead; kept until it does or the attempt failed. */
  readonly isOrdered: boolean;
  /** The fencing number of the lease it holds, which is its term; 0 while it holds none. */
  readonly fence: number;
  /** No attempt may take a number below: somebody showed as much. */
  readonly fenceMin: number;
  readonly judgment: Judgment | null;
  readonly forced: ForcedOutcome | null;
  /** Who the lease is left to. */
  readonly heir: string | null;
  readonly problem: NodeProblem | null;
}

export interface NodeInput {
  readonly id: string;
  readonly members: number;
  readonly isAutomatic: boolean;
  readonly delays: NodeDelays;
}

export type NodeEvent =
  | { readonly type: 'opened' }
  | { readonly type: 'failed'; readonly problem: NodeProblem }
  /** The record of the lease changed: somebody holds it, or nobody. */
  | { readonly type: 'leaseSeen'; readonly leader: Leader | null }
  /** Nobody renewed the lease for its whole time, or it was given back: it can be taken. */
  | { readonly type: 'leaseFree' }
  /** So many nodes answered, this one included, and whether one of them holds more. */
  | { readonly type: 'compared'; readonly answered: number; readonly isBehind: boolean }
  | { readonly type: 'acquired'; readonly fence: number }
  | { readonly type: 'notAcquired'; readonly reason: string }
  | { readonly type: 'leaseLost'; readonly reason: string }
  /** To the question of that term; one of an earlier attempt may come late. */
  | {
      readonly type: 'answered';
      readonly term: number;
      readonly answers: readonly NodeStanding[];
    }
  /** A candidate with that number asks where this node stands. */
  | { readonly type: 'asked'; readonly term: number; readonly candidate: string }
  | { readonly type: 'leading' }
  | { readonly type: 'cannotLead'; readonly problem: NodeProblem }
  /** The master ended by itself: fenced by a slave, or its store failed. */
  | { readonly type: 'masterEnded'; readonly problem: NodeProblem }
  | { readonly type: 'steppedDown' }
  /** The copy stands on changes that the leader's history lacks. */
  | { readonly type: 'forked' }
  | { readonly type: 'setAside'; readonly conflict: Conflict }
  | { readonly type: 'promote' }
  /** The operator, or a node he promoted, wants another one to lead. */
  | { readonly type: 'handOver'; readonly to: string }
  | { readonly type: 'resolve'; readonly forced: ForcedOutcome }
  | { readonly type: 'stop' };

/** What the node machine asks of lib/; each is one named action with these params. */
export interface NodeEffects {
  /** Opens store and lease, brings what a master left into a copy's form; answers `opened`. */
  open: undefined;
  /** The copy follows this leader from now on; null while there is none. */
  follow: { readonly leader: Leader | null };
  /** Asks the others where they stand without promising anything; answers `compared`. */
  compare: undefined;
  /** Takes the lease with a number of at least `fenceMin`; answers `acquired` or `notAcquired`. */
  acquire: { readonly fenceMin: number };
  /** Asks every node, itself included, to promise this term; answers `answered`. */
  ask: { readonly term: number };
  /** Makes the copy the original and starts its master; answers `leading` or `cannotLead`. */
  lead: {
    readonly term: number;
    readonly fate: 'committed' | 'aborted' | null;
    readonly round: HeldRound | null;
  };
  /** From this moment nothing is confirmed to anybody any more. */
  silence: { readonly problem: NodeProblem };
  /** Stops the master and makes its original a copy; answers `steppedDown`. */
  stepDown: undefined;
  /** Gives the lease back, to `heir` first; nothing without a lease. */
  release: { readonly heir: string | null };
  /** Asks the leader to leave the lease to this node. */
  askHandOver: { readonly leader: Leader };
  /** Keeps the whole copy aside, then takes the leader's; answers `setAside`. */
  setAside: undefined;
  /** The machine is in another role now. */
  tellRole: undefined;
  /** Ends master or slave, then gives the lease back and leaves the others. */
  close: undefined;
  report: { readonly problem: NodeProblem; readonly heuristic?: boolean };
  /** What was set aside is told to the host. */
  tellConflict: { readonly conflict: Conflict };
}
