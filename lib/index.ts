/** replichart: embedded master/slave replication whose protocol is its statecharts. */
export type {
  DeltaLink,
  Durability,
  Epoch,
  Method,
  NodeBelow,
  Point,
  Position,
} from '../machines/protocol.js';
export { ERROR_CODES, type ErrorCode, ReplicationError, Veto } from './errors.js';
export * from './layers/contract.js';
export { defineLayer } from './layers/define.js';
export { document } from './layers/document/document.js';
export type { DocumentMasterData } from './layers/document/master.js';
export type { DocumentOptions } from './layers/document/options.js';
export type { DocumentSlaveData } from './layers/document/slave.js';
export { keyValue } from './layers/key-value/key-value.js';
export type { KeyValueMasterData } from './layers/key-value/master.js';
export type { KeyValueOperation, KeyValueOptions } from './layers/key-value/options.js';
export type { KeyValueSlaveData } from './layers/key-value/slave.js';
export type { KeyValueReader, KeyValueView } from './layers/key-value/view.js';
export type { StandardSchema } from './layers/schema.js';
export { createMaster, type Master } from './master.js';
export { type MasterOptions, type Participants, quorum } from './master-options.js';
export type { Clock } from './runtime/clock.js';
export type {
  BelowStatus,
  MasterEvents,
  MasterStatus,
  SlaveEvents,
  SlaveInfo,
  SlaveStatus,
  TransferProgress,
  Trouble,
} from './service/status.js';
export type {
  ReplicationTask,
  SlaveProgress,
  SlaveStage,
  TaskResult,
  TaskState,
  TaskStatus,
  UpdateOptions,
} from './service/task.js';
export { createSlave, type Slave } from './slave.js';
export type { SlaveOptions } from './slave-options.js';
export type * from './stores/contract.js';
export type * from './transports/contract.js';
