/** The lease on a real NATS server: refusals are told, a lost bucket is made anew. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import type {
  ConnectionOptions,
  NatsConnection,
  Payload,
  RequestOptions,
} from '@nats-io/nats-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { keyValue } from '../../lib/index.js';
import { natsLease } from '../../lib/leases/nats.js';
import { createNode } from '../../lib/node/index.js';
import type { LeaseRecord, LeaseService, LeaseSession } from '../../lib/node/lease.js';
import { type MemoryNetwork, memoryNetwork } from '../../lib/transports/memory/index.js';
import { watchStatus } from '../../lib/transports/nats/status.js';
import { natsServerMissing } from '../support/nats-server.js';
import { NatsWorld } from '../support/nats-world.js';
import { packageRoot } from '../support/package-root.js';
import { until } from '../support/recording-sink.js';

const test = suite('lease on NATS');
const missing = natsServerMissing();
const LEASE_MS = 2_000;
const CONFIRMED_MS = 45_000;
const MEMBERS = ['a', 'b', 'c'];
const BUCKET = 'leases';
const BOARD = 'leases.board';
/** For a question whose answer is awaited, and for one that nobody answers. */
const LIMITS = { timeoutMs: 30_000, all: 1, most: 1, graceMs: 10 };
const IN_VAIN = { ...LIMITS, timeoutMs: 300 };
/** More than the new bucket has, so that its numbers begin below those of the old one. */
const WRITES = 20;
const VALUE = { holder: 'a', fence: 1, heir: null, successions: [] };

/**
 * Answers to questions come on two parts, what the client itself asks for on three: so all but the
 * questions of the board still works.
 */
const DEAF = { user: 'deaf', pass: 'x', inboxPrefix: 'own' };
const DUMB = { user: 'dumb', pass: 'x', inboxPrefix: 'own' };
const ALL = { user: 'all', pass: 'x' };
const config = `
authorization {
  users: [
    { user: all, password: x }
    { user: deaf, password: x, permissions: {
        publish: ">", subscribe: { allow: ">", deny: "own.*" } } }
    { user: dumb, password: x, permissions: {
        subscribe: ">", publish: { allow: ">", deny: "_INBOX.>" } } }
  ]
}`;

interface Joined {
  readonly session: LeaseSession;
  readonly troubles: ReplicationError[];
  readonly seen: LeaseRecord[];
  /** What the server refused this connection, whoever asked. */
  readonly refusals: readonly string[];
}

/** Their answers are kept apart; with the permissions that docs/operations.md has. */
const NODES = ['a', 'b'].map((user) => ({ user, pass: 'x', inboxPrefix: `_INBOX_${user}` }));

function documentedConfig(): string {
  const page = readFileSync(join(packageRoot, 'docs/operations.md'), 'utf8');
  const [, config] = /```conf\n(authorization.*?)```/s.exec(page) ?? [];
  assert.ok(config, 'docs/operations.md has no configuration');
  return config.replaceAll('"..."', 'x').replaceAll('replichart', BUCKET);
}

function refusalsOf(connection: NatsConnection): string[] {
  const refusals: string[] = [];
  watchStatus(connection, (status) => {
    if (status.type === 'error') refusals.push(status.error.message);
  });
  return refusals;
}

async function joined(world: NatsWorld, id: string, user: ConnectionOptions): Promise<Joined> {
  const connection = await world.client(user);
  const refusals = refusalsOf(connection);
  const lease = natsLease(connection, { leaseMs: LEASE_MS, bucket: BUCKET, prefix: BOARD });
  const troubles: ReplicationError[] = [];
  const seen: LeaseRecord[] = [];
  const session = await lease.join({
    id,
    item: 'i',
    answer: async () => ({ from: id }),
    changed: (record) => seen.push(record),
    troubled: (error) => troubles.push(error),
  });
  return { session, troubles, seen, refusals };
}

/** The same connection, over which the first question about a stream is heard and not answered. */
function silentOnce(connection: NatsConnection, asked: string[]): NatsConnection {
  connection.subscribe('silence', { callback: () => {} });
  const request = (subject: string, payload?: Payload, options?: RequestOptions) => {
    const isFirst = subject.startsWith('$JS.API.STREAM.INFO.') && !asked.includes(subject);
    asked.push(subject);
    return isFirst
      ? connection.request('silence', payload, { timeout: 50 })
      : connection.request(subject, payload, options);
  };
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'request') return request;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** As a server does that kept them in memory and was restarted; nobody is told. */
async function loseConsumers(client: NatsConnection): Promise<void> {
  const answer = await client.request(`$JS.API.CONSUMER.NAMES.KV_${BUCKET}`);
  const { consumers } = answer.json<{ consumers: string[] }>();
  assert.is(consumers.length, 2);
  for (const name of consumers) {
    await client.request(`$JS.API.CONSUMER.DELETE.KV_${BUCKET}.${name}`);
  }
}

const nodeOf = (id: string, lease: LeaseService, network: MemoryNetwork) =>
  createNode({
    item: 'i',
    id,
    members: MEMBERS,
    data: keyValue<number>(),
    lease,
    transports: {
      listen: () => network.listen(`at ${id}`),
      connect: (leader) => network.connect({ to: `at ${leader}`, name: id }),
    },
  });

type KeyValueNode = ReturnType<typeof nodeOf>;

/** A change that is confirmed; on a busy machine the lead may be lost and won again meanwhile. */
async function confirmed(nodes: readonly KeyValueNode[], value: number): Promise<void> {
  const deadline = performance.now() + CONFIRMED_MS;
  for (;;) {
    try {
      const leader = nodes.find(({ role }) => role === 'leading');
      if (leader !== undefined) return void (await leader.data.set('k', value));
    } catch (thrown) {
      if (!(thrown instanceof ReplicationError)) throw thrown;
    }
    assert.ok(performance.now() < deadline, `nobody confirms a change within ${CONFIRMED_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  test('a node that may not hear answers is told so once, with what to permit', async () => {
    await NatsWorld.in(
      async (world) => {
        const deaf = await joined(world, 'a', DEAF);
        const other = await joined(world, 'b', ALL);
        for (let times = 0; times < 3; times += 1) {
          assert.equal(await deaf.session.ask('?', IN_VAIN), []);
        }
        await until('told', () => deaf.troubles.length > 0);
        assert.equal(
          deaf.troubles.map(({ code }) => code),
          ['UNAUTHORIZED'],
        );
        assert.match(deaf.troubles[0]?.message ?? '', 'subscribe on own.>');
        assert.equal(await other.session.ask('?', LIMITS), [{ from: 'a' }]);
        assert.equal(other.troubles, []);
        await Promise.all([deaf.session.leave(), other.session.leave()]);
      },
      { jetstream: true, config },
    );
  });

  test('so is one that may not answer', async () => {
    await NatsWorld.in(
      async (world) => {
        const dumb = await joined(world, 'a', DUMB);
        const other = await joined(world, 'b', ALL);
        for (let times = 0; times < 2; times += 1) {
          assert.equal(await other.session.ask('?', IN_VAIN), []);
        }
        await until('told', () => dumb.troubles.length > 0);
        assert.equal(
          dumb.troubles.map(({ code }) => code),
          ['UNAUTHORIZED'],
        );
        assert.match(dumb.troubles[0]?.message ?? '', 'publish on _INBOX.>');
        await Promise.all([dumb.session.leave(), other.session.leave()]);
      },
      { jetstream: true, config },
    );
  });

  test('users whose answers are kept apart have all they need by the permissions of the docs', async () => {
    await NatsWorld.in(
      async (world) => {
        const nodes = await Promise.all(NODES.map((user) => joined(world, user.user, user)));
        const [one, other] = nodes as [Joined, Joined];
        assert.equal(await one.session.ask('?', LIMITS), [{ from: 'b' }]);
        assert.equal(await other.session.ask('?', LIMITS), [{ from: 'a' }]);
        const first = await one.session.write(VALUE, null);
        await until('told', () => other.seen.at(-1)?.fence === 1);
        await other.session.write({ ...VALUE, fence: 2 }, first?.revision ?? null);
        await until('told', () => one.seen.at(-1)?.fence === 2);
        assert.is((await one.session.read())?.fence, 2);
        await Promise.all(nodes.map(({ session }) => session.leave()));
        const told = nodes.flatMap(({ troubles }) => troubles.map(({ message }) => message));
        assert.equal([...told, ...nodes.flatMap(({ refusals }) => refusals)], []);
      },
      { jetstream: true, config: documentedConfig() },
    );
  });

  test('a server that does not answer at first, as a cluster that makes the bucket, is asked again', async () => {
    await NatsWorld.in(
      async (world) => {
        const asked: string[] = [];
        const connection = silentOnce(await world.client(), asked);
        const member = {
          id: 'a',
          item: 'i',
          answer: async () => null,
          changed: () => {},
          troubled: () => {},
        };
        const session = await natsLease(connection, { bucket: BUCKET }).join(member);
        assert.is((await session.write(VALUE, null))?.fence, 1);
        assert.is(asked.filter((subject) => subject.startsWith('$JS.API.STREAM.INFO.')).length, 2);
        await session.leave();
      },
      { jetstream: true },
    );
  });

  test('a write that lands once the node has left gives the lease back', async () => {
    await NatsWorld.in(
      async (world) => {
        const { session } = await joined(world, 'a', {});
        const other = await joined(world, 'b', {});
        const written = session.write(VALUE, null);
        await session.leave();
        await written;
        await until('given back', () => other.seen.at(-1)?.holder === null);
        assert.is((await other.session.read())?.fence, 1);
        await other.session.leave();
      },
      { jetstream: true },
    );
  });

  test('a bucket that is deleted is made anew by nodes that run: one of them leads again', async () => {
    await NatsWorld.in(
      async (world) => {
        const network = memoryNetwork();
        const troubles: string[] = [];
        const terms = new Map<number, string>();
        const nodes = await Promise.all(
          MEMBERS.map(async (id) => {
            const lease = natsLease(await world.client(), { leaseMs: LEASE_MS, bucket: BUCKET });
            const node = nodeOf(id, lease, network);
            node.on('trouble', ({ code, reason }) => troubles.push(`${code} ${reason}`));
            node.on('role', (role) => {
              const { term } = node.status;
              if (role !== 'leading') return;
              if ((terms.get(term) ?? id) !== id) troubles.push(`two leaders in ${term}`);
              terms.set(term, id);
            });
            await node.start();
            return node;
          }),
        );
        const leader = () => nodes.find(({ role }) => role === 'leading');
        await until('a leader', () => leader() !== undefined);
        const before = leader()?.status.term ?? 0;
        await confirmed(nodes, 1);
        const kv = await new Kvm(await world.client()).open(BUCKET);
        await kv.destroy();
        await until('a later leader', () => (leader()?.status.term ?? 0) > before);
        await confirmed(nodes, 2);
        assert.ok(troubles.some((told) => /bucket "leases" was gone and is made anew/.test(told)));
        assert.equal(
          troubles.filter((told) => told.startsWith('two leaders')),
          [],
        );
        await Promise.all(nodes.map((node) => node.stop()));
      },
      { jetstream: true },
    );
  });

  test('a bucket that another node made anew tells this one of its writes again', async () => {
    await NatsWorld.in(
      async (world) => {
        const maker = await joined(world, 'a', {});
        const other = await joined(world, 'b', {});
        let revision: number | null = null;
        for (let fence = 1; fence <= WRITES; fence += 1) {
          revision = (await maker.session.write({ ...VALUE, fence }, revision))?.revision ?? null;
        }
        await until('the last write is told', () => other.seen.at(-1)?.fence === WRITES);
        const kv = await new Kvm(await world.client()).open(BUCKET);
        await kv.destroy();
        assert.is(await maker.session.read(), null);
        const first = await maker.session.write({ ...VALUE, fence: 100 }, null);
        // What the keepers do from time to time.
        assert.is((await other.session.read())?.fence, 100);
        await maker.session.write({ ...VALUE, fence: 101 }, first?.revision ?? null);
        await until('writes are told again', () => other.seen.at(-1)?.fence === 101);
        assert.equal(
          other.troubles.map(({ message }) => /is set up anew/.test(message)),
          [true],
        );
        await Promise.all([maker.session.leave(), other.session.leave()]);
      },
      { jetstream: true },
    );
  });

  test('a watch that the server lost is replaced, once the reads show it', async () => {
    await NatsWorld.in(
      async (world) => {
        const maker = await joined(world, 'a', {});
        const other = await joined(world, 'b', {});
        const first = await maker.session.write(VALUE, null);
        await until('told', () => other.seen.length > 0);
        await loseConsumers(await world.client());
        await maker.session.write({ ...VALUE, fence: 2 }, first?.revision ?? null);
        const reads = setInterval(() => void other.session.read(), LEASE_MS / 3);
        const isTold = () => other.seen.at(-1)?.fence === 2;
        await until('told again', isTold).finally(() => clearInterval(reads));
        assert.is(other.troubles.length, 1);
        await Promise.all([maker.session.leave(), other.session.leave()]);
      },
      { jetstream: true },
    );
  });
}

test.run();
