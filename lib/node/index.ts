/** Succession: nodes that own an item in turn. Entry `replichart/node`. */
export type { Conflict, Leader } from '../../machines/node-context.js';
export type {
  AskLimits,
  LeaseMember,
  LeaseRecord,
  LeaseService,
  LeaseSession,
  LeaseValue,
} from './lease.js';
export { MemoryLease, type MemoryLeaseOptions, manualLease, memoryLease } from './memory-lease.js';
export { createNode, type ReplicationNode } from './node.js';
export type { NodeData } from './node-data.js';
export type { NodeOptions, NodeTransports } from './node-options.js';
export type { NodeEvents, NodeRole, NodeStatus } from './status.js';
