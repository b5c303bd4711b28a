/** As many connections as writers: PostgreSQL groups the commits of several, not of one. */
import { PostgresClient } from './postgres-client.js';

const CONNECTIONS = 64;
const USER = 'postgres';
const SET = 'set';
const UPSERT =
  'INSERT INTO bench (key, value) VALUES ($1, $2) ' +
  'ON CONFLICT (key) DO UPDATE SET value = excluded.value';

export class PostgresPool {
  readonly #free: PostgresClient[];
  readonly #waiting: Array<(client: PostgresClient) => void> = [];

  constructor(private readonly clients: readonly PostgresClient[]) {
    this.#free = [...clients];
  }

  async set(key: string, value: string): Promise<void> {
    const client = this.#free.pop() ?? (await this.#nextFree());
    try {
      await client.execute(SET, key, value);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(client);
      else next(client);
    }
  }

  #nextFree(): Promise<PostgresClient> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}

/** Connects them all; the table is made by who started the server. */
export async function openPool(port: number): Promise<PostgresPool> {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = await PostgresClient.connect(port, USER);
      await client.prepare(SET, UPSERT);
      return client;
    }),
  );
  return new PostgresPool(clients);
}
