/** A master and slaves over a real nats-server, each role over a connection of its own. */
import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { TransportPair } from '../../lib/testing/index.js';
import {
  type NatsConnectOptions,
  type NatsListenOptions,
  natsConnect,
  natsListen,
} from '../../lib/transports/nats/index.js';
import type { NatsServer } from './nats-server.js';
import { tcpRelay } from './tcp-relay.js';

export interface NatsPairOptions {
  readonly listen?: Partial<NatsListenOptions>;
  readonly connect?: Partial<NatsConnectOptions>;
}

/** Comes back at once, and for as long as the test takes. */
export const RECONNECTING = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 20,
  reconnectJitter: 0,
} satisfies ConnectionOptions;

export function natsClient(
  server: { readonly url: string },
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  return connect({ servers: server.url, ...RECONNECTING, ...options });
}

let pairs = 0;

/** The slaves' connection runs through a relay that can cut it. */
export async function natsPair(
  server: NatsServer,
  options: NatsPairOptions = {},
): Promise<TransportPair> {
  pairs += 1;
  const prefix = `suite.${pairs}`;
  const relay = await tcpRelay(() => server.port);
  const masters = await natsClient(server);
  const slaves = await natsClient({ url: `nats://127.0.0.1:${relay.port}` });
  return {
    master: natsListen(masters, { prefix, ...options.listen }),
    connect: () => natsConnect(slaves, { prefix, reconnectMsMax: 20, ...options.connect }),
    cut: () => relay.cut(),
    close: async () => {
      await Promise.all([masters.close(), slaves.close()]);
      await relay.close();
    },
  };
}
