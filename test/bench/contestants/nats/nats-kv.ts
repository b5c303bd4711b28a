/** `nats-kv`: puts into a JetStream key-value bucket, a watcher with a Map in each slave. */
import type { Value } from '../../values.js';
import type { MasterSide, SideConfig, SlaveSide, StoreKind } from '../contract.js';
import { NatsClient } from './nats-client.js';

const STREAM = 'KV_bench';
const PREFIX = '$KV.bench.';
/** Acknowledgements that may be outstanding before a load waits. */
const PENDING_MAX = 4096;

async function createBucket(client: NatsClient, store: StoreKind): Promise<void> {
  await client.api(`STREAM.CREATE.${STREAM}`, {
    name: STREAM,
    subjects: [`${PREFIX}>`],
    max_msgs_per_subject: 1,
    discard: 'new',
    allow_rollup_hdrs: true,
    storage: store === 'disk' ? 'file' : 'memory',
    num_replicas: 1,
  });
}

class KvMaster implements MasterSide {
  readonly #state = new Map<string, Value>();
  #pending = 0;
  #drained: (() => void) | null = null;

  constructor(
    private readonly client: NatsClient,
    readonly address: string,
  ) {}

  async joined(): Promise<void> {}

  put(key: string, value: Value): void {
    this.#state.set(key, value);
    this.#pending += 1;
    this.client.publish(`${PREFIX}${key}`, JSON.stringify(value), (answer) => {
      if (answer.includes('"error"')) throw new Error(`a put failed: ${answer}`);
      this.#pending -= 1;
      if (this.#pending > PENDING_MAX / 2) return;
      this.#drained?.();
      this.#drained = null;
    });
  }

  pressure(): Promise<void> | null {
    if (this.#pending < PENDING_MAX) return null;
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  read(key: string): Value | undefined {
    return this.#state.get(key);
  }

  stop(): Promise<void> {
    return this.client.close();
  }
}

class KvSlave implements SlaveSide {
  readonly #state = new Map<string, Value>();
  #client: NatsClient | null = null;
  #applied: () => void = () => {};

  constructor(private readonly port: number) {}

  async connect(): Promise<void> {
    const client = await NatsClient.connect(this.port);
    this.#client = client;
    const subject = client.newSubject();
    client.onMessage = (updated, payload) => this.#take(updated, payload);
    client.onChunk = () => this.#applied();
    client.subscribe(subject);
    await client.api(`CONSUMER.CREATE.${STREAM}`, {
      stream_name: STREAM,
      config: {
        deliver_subject: subject,
        deliver_policy: 'last_per_subject',
        ack_policy: 'none',
        replay_policy: 'instant',
        filter_subject: `${PREFIX}>`,
      },
    });
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

  /** A delivery bears the subject under which it was put. */
  #take(subject: string, payload: string): void {
    if (!subject.startsWith(PREFIX)) throw new Error(`a delivery of ${subject}`);
    this.#state.set(subject.slice(PREFIX.length), JSON.parse(payload) as Value);
  }
}

export async function createMasterSide({ server, store }: SideConfig): Promise<MasterSide> {
  const client = await NatsClient.connect(Number(server));
  await createBucket(client, store);
  return new KvMaster(client, server ?? '');
}

export async function createSlaveSide(_config: SideConfig, address: string): Promise<SlaveSide> {
  return new KvSlave(Number(address));
}
