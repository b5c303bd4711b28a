/** A master that makes changes by both methods over NATS, and what its host was promised. */
import type { NatsConnection } from '@nats-io/nats-core';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, keyValue, ReplicationError } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';

export const WAIT = { timeout: 60_000 };
const ROUND_MS = 10_000;
const prefix = 'rounds.test';

/**
 * A master with slaves whose votes all rounds want.
 * @param connectionOf a connection for the master (0) and for each slave; closed at the end
 */
export async function openRounds(
  slaveCount: number,
  connectionOf: (node: number) => Promise<NatsConnection>,
) {
  const connections: NatsConnection[] = [];
  const client = async (node: number) => {
    const connection = await connectionOf(node);
    connections.push(connection);
    return connection;
  };
  const master = createMaster({
    item: 'flags',
    id: 'master',
    data: keyValue<number>(),
    transport: natsListen(await client(0), { prefix, pingIntervalMs: 200 }),
    store: memoryStore(),
    heartbeat: 100,
    participants: 'known',
  });
  const troubles: string[] = [];
  master.on('trouble', ({ reason }) => troubles.push(reason));
  await master.start();
  const startSlave = async (index: number) => {
    const slave = createSlave({
      item: 'flags',
      id: `slave-${index}`,
      data: keyValue<number>(),
      transport: natsConnect(await client(index), { prefix, reconnectMsMax: 200 }),
      store: memoryStore(),
    });
    await slave.start();
    return slave;
  };
  const numbers = Array.from({ length: slaveCount }, (_, index) => index + 1);
  const slaves = await Promise.all(numbers.map(startSlave));
  await Promise.all(slaves.map((slave) => slave.current(WAIT)));
  const close = async () => {
    await Promise.all([...slaves.map((slave) => slave.stop()), master.stop()]);
    await Promise.all(connections.map((connection) => connection.close()));
  };
  return { master, slaves, troubles, close };
}

export type Rounds = Awaited<ReturnType<typeof openRounds>>;

/** Makes changes and keeps what they were promised to be. */
export class Promised {
  readonly #rounds: Rounds;
  readonly #values = new Map<string, number>();
  changes = 0;
  aborted = 0;

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
  }

  get committed(): number {
    return this.changes - this.aborted;
  }

  /** One change of each method; of a two-phase one only its success is a promise. */
  async change(): Promise<void> {
    const { data } = this.#rounds.master;
    this.changes += 1;
    const key = `one ${this.changes % 7}`;
    await data.set(key, this.changes);
    this.#values.set(key, this.changes);
    const other = `two ${this.changes % 7}`;
    try {
      await data.set(other, this.changes, { method: 'two-phase', timeout: ROUND_MS });
      this.#values.set(other, this.changes);
    } catch (thrown) {
      // A slave that is away cannot vote; then nothing changed anywhere (P21).
      if (!(thrown instanceof ReplicationError) || thrown.code !== 'ABORTED') throw thrown;
      this.aborted += 1;
    }
  }

  /** Nothing promised is lost, all slaves have all of it, and nobody holds a round. */
  async judge(): Promise<void> {
    const { master, slaves } = this.#rounds;
    const { version } = await master.data.set('last', this.changes);
    await Promise.all(slaves.map((slave) => slave.waitFor(version, WAIT)));
    const wanted = Object.fromEntries(master.data.entries());
    for (const slave of slaves) {
      assert.equal(Object.fromEntries(slave.data.entries()), wanted);
      assert.is(slave.status.round, 'none');
    }
    for (const [key, value] of this.#values) assert.is(master.data.get(key), value, key);
    assert.ok(this.committed > this.changes / 2, 'most rounds were aborted');
  }
}
