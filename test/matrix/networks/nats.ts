/**
 * NATS: a real server, and one with a small `max_payload`. Connections that lose messages are in
 * nats-cluster.transports.ts: a slave that lost one leaves for a moment, and a round that asks
 * those who are connected, as the scenario's do, then leaves it out.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { natsConnect, natsListen } from '../../../lib/transports/nats/index.js';
import { natsClient } from '../../support/nats-pair.js';
import {
  type NatsServerOptions,
  natsServerMissing,
  startNatsServer,
} from '../../support/nats-server.js';
import type { MatrixNetworkKind } from '../network.js';

/** Of each slave a connection of its own; a killed one comes back over the same. */
const SLAVES = 4;

function kind(name: string, server: NatsServerOptions): MatrixNetworkKind {
  return {
    name,
    unavailable: natsServerMissing,
    open: async () => {
      const running = await startNatsServer(server);
      const opened: NatsConnection[] = [];
      const client = async () => {
        const connection = await natsClient(running);
        opened.push(connection);
        return connection;
      };
      const master = await client();
      const spare: NatsConnection[] = [];
      while (spare.length < SLAVES) spare.push(await client());
      const slaves = new Map<string, NatsConnection>();
      const slaveOf = (id: string): NatsConnection => {
        const connection = slaves.get(id) ?? spare.pop();
        if (connection === undefined) throw new Error(`there are connections for ${SLAVES} slaves`);
        slaves.set(id, connection);
        return connection;
      };
      const prefix = 'matrix.nats';
      return {
        listen: () => natsListen(master, { prefix, pingIntervalMs: 200 }),
        connect: (id) => natsConnect(slaveOf(id), { prefix, name: id, reconnectMsMax: 50 }),
        close: async () => {
          await Promise.all(opened.map((connection) => connection.close()));
          await running.close();
        },
      };
    },
  };
}

export const nats = kind('nats', {});
export const natsSmall = kind('nats, 4 KiB messages', { maxPayload: 4096 });
