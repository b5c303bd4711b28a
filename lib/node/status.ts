/** What the host and the person on call see of a node. */
import type { Conflict, Leader } from '../../machines/node-context.js';
import type { Position } from '../../machines/protocol.js';
import type { HeldRound } from '../../machines/succession.js';
import type { SlaveStatus, Trouble } from '../service/status.js';

export type NodeRole =
  | 'starting'
  | 'following'
  | 'promoting'
  | 'leading'
  | 'stepping-down'
  | 'failed'
  | 'stopped';

export interface NodeStatus {
  readonly role: NodeRole;
  /** The term this node leads, or tries to; 0 otherwise. */
  readonly term: number;
  /** Who leads, as far as this node heard. */
  readonly leader: Leader | null;
  /** As `node.position`. */
  readonly position: Position | null;
  /** Milliseconds for which this node may still confirm changes; 0 unless it leads. */
  readonly leaseMs: number;
  /** The round that keeps this candidate from leading: `node.resolve` decides it by force. */
  readonly inDoubt: HeldRound | null;
  /** What was set aside here and not discarded; `node.conflictData(id)` reads it. */
  readonly conflicts: readonly Conflict[];
  /** Of its slave, while it is one. */
  readonly copy: SlaveStatus | null;
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

export interface NodeEvents {
  role: NodeRole;
  status: NodeStatus;
  position: Position;
  /** Changes that the leader's history lacks were found here, and set aside. */
  conflict: Conflict;
  trouble: Trouble;
}

/** The role in which the machine is, from its state. */
export function roleOf(value: unknown): NodeRole {
  const state = typeof value === 'string' ? value : Object.keys(value as object)[0];
  return (state === 'steppingDown' ? 'stepping-down' : state) as NodeRole;
}
