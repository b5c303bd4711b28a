/** `redis-pubsub`: PUBLISH of JSON to a server, subscribers in Node with a Map each. */
import type { Value } from '../../values.js';
import type { MasterSide, SideConfig, SlaveSide } from '../contract.js';
import { RespClient } from './resp-client.js';
import type { RespValue } from './resp-parser.js';

const CHANNEL = 'bench';
const PENDING_MAX = 4096;

interface Update {
  readonly key: string;
  readonly value: Value;
}

class PubsubMaster implements MasterSide {
  readonly address: string;
  readonly #state = new Map<string, Value>();

  constructor(
    private readonly client: RespClient,
    server: string,
  ) {
    this.address = server;
  }

  async joined(): Promise<void> {}

  put(key: string, value: Value): void {
    this.#state.set(key, value);
    const update: Update = { key, value };
    this.client.send(['PUBLISH', CHANNEL, JSON.stringify(update)]);
  }

  pressure(): Promise<void> | null {
    return this.client.pending < PENDING_MAX ? null : this.client.drained(PENDING_MAX / 2);
  }

  read(key: string): Value | undefined {
    return this.#state.get(key);
  }

  stop(): Promise<void> {
    return this.client.close();
  }
}

class PubsubSlave implements SlaveSide {
  readonly #state = new Map<string, Value>();
  #client: RespClient | null = null;
  #applied: () => void = () => {};

  constructor(private readonly port: number) {}

  async connect(): Promise<void> {
    const client = await RespClient.connect(this.port);
    this.#client = client;
    client.onPush = (message) => this.#take(message);
    client.onChunk = () => this.#applied();
    await client.ask('SUBSCRIBE', CHANNEL);
  }

  async disconnect(): Promise<void> {
    await this.#client?.close();
    this.#client = null;
  }

  read(key: string): Value | undefined {
    return this.#state.get(key);
  }

  size(): number {
    return this.#state.size;
  }

  onApplied(listener: () => void): void {
    this.#applied = listener;
  }

  stop(): Promise<void> {
    return this.disconnect();
  }

  #take(message: RespValue): void {
    if (!Array.isArray(message)) throw new Error('a subscription sends lists');
    const { key, value } = JSON.parse(String(message[2])) as Update;
    this.#state.set(key, value);
  }
}

export async function createMasterSide(config: SideConfig): Promise<MasterSide> {
  const server = config.server ?? '';
  return new PubsubMaster(await RespClient.connect(Number(server)), server);
}

export async function createSlaveSide(_config: SideConfig, address: string): Promise<SlaveSide> {
  return new PubsubSlave(Number(address));
}
