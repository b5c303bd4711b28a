/** A server, a master and slaves with recording sinks; all is closed whatever a test does. */
import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core';
import {
  type NatsConnectOptions,
  type NatsListenOptions,
  natsConnect,
  natsListen,
} from '../../lib/transports/nats/index.js';
import { natsClient } from './nats-pair.js';
import { type NatsServer, type NatsServerOptions, startNatsServer } from './nats-server.js';
import { RecordingSink, until } from './recording-sink.js';

export const PREFIX = 'acme.flags';
/** Fast enough to wait for silence; slow enough for a server that the system lets wait a while. */
export const PING_MS = 300;

type Wrap = (connection: NatsConnection) => NatsConnection;

export class NatsWorld {
  readonly server: NatsServer;
  readonly #closing: Array<() => Promise<void>> = [];

  private constructor(server: NatsServer) {
    this.server = server;
  }

  /** Runs `body` on a server of its own. */
  static async in(
    body: (world: NatsWorld) => Promise<void>,
    options: NatsServerOptions = {},
  ): Promise<void> {
    const world = new NatsWorld(await startNatsServer(options));
    try {
      await body(world);
    } finally {
      for (const close of world.#closing.reverse()) await close();
      await world.server.close();
    }
  }

  async client(options: ConnectionOptions = {}): Promise<NatsConnection> {
    const connection = await natsClient(this.server, options);
    this.#closing.push(() => connection.close());
    return connection;
  }

  async master(
    options: Partial<NatsListenOptions> = {},
    user: ConnectionOptions = {},
    wrap: Wrap = (connection) => connection,
  ) {
    const connection = await this.client(user);
    const common = { prefix: PREFIX, pingIntervalMs: PING_MS, ...options };
    const transport = natsListen(wrap(connection), common);
    const sink = new RecordingSink();
    this.#closing.push(() => transport.close());
    await transport.open(sink);
    return { transport, sink, connection };
  }

  async slave(
    options: Partial<NatsConnectOptions> = {},
    user: ConnectionOptions = {},
    wrap: Wrap = (connection) => connection,
  ) {
    const connection = await this.client(user);
    const common = { prefix: PREFIX, reconnectMsMax: 20, ...options };
    const transport = natsConnect(wrap(connection), common);
    const sink = new RecordingSink();
    this.#closing.push(() => transport.close());
    await transport.open(sink);
    return { transport, sink, connection };
  }

  /** A master and a slave that know each other. */
  async pair(wrapMaster?: Wrap, wrapSlave?: Wrap) {
    const master = await this.master({}, {}, wrapMaster);
    const slave = await this.slave({}, {}, wrapSlave);
    await until('joined', () => master.sink.joins.length > 0 && slave.sink.joins.length > 0);
    return { master, slave };
  }
}
