/** NATS: a real server, one with a small `max_payload`, and connections that lose messages. */
import type { NatsConnection } from '@nats-io/nats-core';
import { seededRandom } from '../../../lib/runtime/random.js';
import { natsConnect, natsListen } from '../../../lib/transports/nats/index.js';
import { lossyNats } from '../../support/lossy-nats.js';
import { natsClient } from '../../support/nats-pair.js';
import {
  type NatsServerOptions,
  natsServerMissing,
  startNatsServer,
} from '../../support/nats-server.js';
import type { MatrixNetworkKind } from '../network.js';

/** Of each slave a connection of its own; a killed one comes back over the same. */
const SLAVES = 4;

type Wrap = (connection: NatsConnection, name: string) => NatsConnection;

function kind(
  name: string,
  server: NatsServerOptions,
  wrap: Wrap = (connection) => connection,
): MatrixNetworkKind {
  return {
    name,
    unavailable: natsServerMissing,
    open: async () => {
      const running = await startNatsServer(server);
      const opened: NatsConnection[] = [];
      const client = async (role: string) => {
        const connection = await natsClient(running);
        opened.push(connection);
        return wrap(connection, role);
      };
      const master = await client('master');
      const spare: NatsConnection[] = [];
      while (spare.length < SLAVES) spare.push(await client(`slave ${spare.length}`));
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

const LOSS_RATIO = 0.05;

/** What NATS drops is noticed by its number: the slave leaves and joins anew. */
function losing(connection: NatsConnection, name: string): NatsConnection {
  const random = seededRandom(process.env.SEED ?? 4711, name);
  return lossyNats(connection, () => random() < LOSS_RATIO);
}

export const nats = kind('nats', {});
export const natsSmall = kind('nats, 4 KiB messages', { maxPayload: 4096 });
export const natsLossy = kind('nats, 5 % lost', {}, losing);
