/** The protocol as statecharts: pure machines over xstate, and the plain functions they use. */
export type * from './delays.js';
export { masterMachine } from './master.js';
export type * from './master-context.js';
export { nodeMachine } from './node.js';
export type * from './node-context.js';
export * from './outcome.js';
export * from './participants.js';
export * from './position.js';
export * from './protocol.js';
export { relayMachine } from './relay.js';
export type * from './relay-context.js';
export * from './session.js';
export { slaveMachine } from './slave.js';
export type * from './slave-context.js';
export * from './succession.js';
export * from './tally.js';
