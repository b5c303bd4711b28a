/** NATS: `natsListen` for the master, `natsConnect` for slaves, over a connection of the host's. */
export { natsConnect } from './connect.js';
export { natsListen } from './listen.js';
export type { NatsCommonOptions, NatsConnectOptions, NatsListenOptions } from './settings.js';
