/** The parts of one node, as those who carry out its effects and answer its board see them. */
import type { nodeMachine } from '../../machines/node.js';
import type { Conflict, Leader, NodeEffects, NodeProblem } from '../../machines/node-context.js';
import type { Position } from '../../machines/protocol.js';
import type { NodeStanding } from '../../machines/succession.js';
import type { Clock } from '../runtime/clock.js';
import type { ProtocolActor } from '../service/actor.js';
import type { Emitter } from '../service/emitter.js';
import type { Waits } from '../service/waits.js';
import type { Slave } from '../slave.js';
import type { LeaseSession } from './lease.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { NodeFacts, NodeStore } from './node-store.js';
import type { NodeEvents } from './status.js';

export type NodeActor = ProtocolActor<typeof nodeMachine, NodeEffects>;

/** What the board needs to ask the others, and to answer them. */
export interface BoardParts {
  readonly options: {
    readonly id: string;
    readonly members: readonly string[];
    readonly lease: { readonly leaseMs: number };
  };
  readonly clock: Clock;
  readonly actor: NodeActor;
  readonly waits: Waits;
  readonly facts: NodeFacts;
  readonly slave: Pick<Slave<unknown>, 'fence'> | null;
  readonly position: Position | null;
  readonly others: readonly string[];
  readonly othersNeeded: number;
  trouble(code: string, reason: string, heuristic?: boolean): void;
}

/** Asks the other nodes; nothing of it rejects. */
export interface Board {
  /** How many nodes answer, this one included, and whether one of them holds more. */
  compare(): Promise<{ readonly answered: number; readonly isBehind: boolean }>;
  standings(term: number): Promise<readonly NodeStanding[]>;
  handOver(): void;
}

export interface NodeParts extends Omit<BoardParts, 'slave'> {
  facts: NodeFacts;
  conflicts: readonly Conflict[];
  readonly slave: Slave<unknown> | null;
  readonly context: NodeActor['snapshot']['context'];
  readonly store: NodeStore;
  readonly keeper: LeaseKeeper;
  readonly board: Board;
  readonly emitter: Emitter<NodeEvents>;
  inTurn(step: () => Promise<void>, failed: (problem: NodeProblem) => void): void;
  join(): Promise<LeaseSession>;
  startSlave(): Promise<void>;
  stopSlave(): Promise<void>;
  startMaster(term: number): Promise<void>;
  stopMaster(): Promise<void>;
  follow(leader: Leader | null): void;
  silence(problem: NodeProblem): void;
  tellRole(): void;
}
