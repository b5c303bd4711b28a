/** `replichart/relay`: relays between a master and thousands of slaves. */
export { createRelay, type Relay } from './create-relay.js';
export type { RelayOptions } from './relay-options.js';
export type { RelayEvents, RelayStatus } from './relay-status.js';
