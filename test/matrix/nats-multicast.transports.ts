/** What a master publishes for one change: the same messages and bytes for 64 slaves as for one. */
import type { NatsConnection } from '@nats-io/nats-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document, type Slave } from '../../lib/index.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';
import { lossyNats } from '../support/lossy-nats.js';
import { natsClient } from '../support/nats-pair.js';
import { natsServerMissing, startNatsServer } from '../support/nats-server.js';

const test = suite('NATS: one message for all');
const missing = natsServerMissing();

const WAIT = { timeout: 60_000 };
const TWO_PHASE = { method: 'two-phase', ack: 'applied', ...WAIT } as const;
/** Slaves of one connection, so that 64 are not 64 sockets. */
const SLAVES_PER_CONNECTION = 16;

interface Published {
  messages: number;
  bytes: number;
}

/** What the master publishes for one change of each method, in kinds of subjects. */
async function publishedFor(slaves: number): Promise<Record<string, Published>> {
  const server = await startNatsServer();
  const connections: NatsConnection[] = [];
  const client = async () => {
    const connection = await natsClient(server);
    connections.push(connection);
    return connection;
  };
  const counts: Record<string, Published> = {};
  let phase = 'joining';
  const counted = lossyNats(await client(), (_, bytes) => {
    counts[phase] ??= { messages: 0, bytes: 0 };
    const count = counts[phase] as Published;
    count.messages += 1;
    count.bytes += bytes.length;
    return false;
  });
  const prefix = 'multicast.test';
  const options = { prefix, pingIntervalMs: 60_000 };
  const master = createMaster({
    item: 'flags',
    id: 'master',
    data: document({ n: 0 }),
    transport: natsListen(counted, options),
    heartbeat: 60_000,
  });
  const all: Slave<unknown>[] = [];
  try {
    await master.start();
    while (all.length < slaves) {
      const connection = await client();
      for (let number = 0; number < SLAVES_PER_CONNECTION && all.length < slaves; number += 1) {
        const transport = natsConnect(connection, { prefix });
        const id = `slave-${String(all.length).padStart(2, '0')}`;
        const slave = createSlave({ item: 'flags', id, data: document({ n: 0 }), transport });
        all.push(slave);
        await slave.start();
        await slave.current(WAIT);
      }
    }
    phase = 'one-phase';
    const one = await master.data.set({ n: 1 });
    await Promise.all(all.map((slave) => slave.waitFor(one.version, WAIT)));
    phase = 'two-phase';
    const two = await master.data.set({ n: 2 }, TWO_PHASE);
    assert.is(two.participants.length, slaves);
    phase = 'ending';
  } finally {
    await Promise.all(all.map((slave) => slave.stop()));
    await master.stop();
    await Promise.all(connections.map((connection) => connection.close()));
    await server.close();
  }
  return counts;
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  test('one announce is one message; prepare and commit are one each, of the same bytes', async () => {
    const lines: string[] = [];
    const seen: Record<string, Published>[] = [];
    for (const slaves of [1, 64]) {
      const counts = await publishedFor(slaves);
      seen.push(counts);
      const of = (name: string) =>
        `${counts[name]?.messages} messages, ${counts[name]?.bytes} bytes`;
      lines.push(`  ${slaves} slaves: one-phase ${of('one-phase')}; two-phase ${of('two-phase')}`);
    }
    console.log(lines.join('\n'));
    const [few, many] = seen;
    assert.is(many?.['one-phase']?.messages, 1);
    assert.equal(many?.['one-phase'], few?.['one-phase']);
    assert.equal(many?.['two-phase'], few?.['two-phase']);
  });
}

test.run();
