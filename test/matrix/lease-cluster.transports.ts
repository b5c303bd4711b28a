/**
 * The lease in a bucket with three replicas, on a real cluster of three nats-servers: the server
 * that leads the bucket is killed, then another one, then two (S3, S10, L3). The lease is renewed
 * or lost cleanly, no two nodes confirm in one term, nothing confirmed is lost.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyValue, ReplicationError } from '../../lib/index.js';
import { natsLease } from '../../lib/leases/nats.js';
import { createNode } from '../../lib/node/index.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';
import { RECONNECTING } from '../support/nats-pair.js';
import { type NatsCluster, natsServerMissing, startNatsCluster } from '../support/nats-server.js';
import { until } from '../support/recording-sink.js';

const test = suite('the lease on a cluster');
const missing = natsServerMissing();

/** `LEASE_MS=12000` outlasts the servers' election. */
const LEASE_MS = Number(process.env.LEASE_MS ?? 3_000);
const BUCKET = 'leases';
const MEMBERS = ['a', 'b', 'c'];
const ACKS = 20;
const TROUBLES_SHOWN = 40;
/** With its leader's server the bucket is away until the servers elected another. */
const BACK_MS = 60_000;

/** What of the server's answer is used; an error has none of it. */
interface StreamInfo {
  readonly cluster?: { readonly leader?: string };
  readonly config?: { readonly num_replicas: number };
  readonly state?: { readonly last_seq: number };
}

interface Bucket {
  /** The server that leads it; null while there is none. */
  readonly leader: string | null;
  readonly replicas: number;
  readonly writes: number;
}

interface Ack {
  readonly atMs: number;
  readonly key: string;
  readonly id: string;
  readonly term: number;
}

function createMember(id: string, connection: NatsConnection) {
  const prefix = (of: string) => `members.${of}`;
  return createNode({
    item: 'i',
    id,
    members: MEMBERS,
    data: keyValue<number>(),
    lease: natsLease(connection, { leaseMs: LEASE_MS, bucket: BUCKET, replicas: 3 }),
    transports: {
      listen: (own) => natsListen(connection, { prefix: prefix(own), pingIntervalMs: 300 }),
      connect: (leader) => natsConnect(connection, { prefix: prefix(leader), reconnectMsMax: 100 }),
    },
  });
}

/** Three nodes, each at another server first, and what they confirmed. */
class Members {
  readonly nodes: ReadonlyArray<ReturnType<typeof createMember>>;
  readonly acks: Ack[] = [];
  readonly #troubles: string[] = [];
  readonly #connections: readonly NatsConnection[];
  #isLoaded = true;
  readonly #load: Promise<void>;

  private constructor(connections: readonly NatsConnection[]) {
    this.#connections = connections;
    this.nodes = MEMBERS.map((id, at) => createMember(id, connections[at] as NatsConnection));
    for (const node of this.nodes) {
      node.on('trouble', ({ code, reason }) => {
        this.#troubles.push(`${Math.round(performance.now())} ${node.id} ${code}: ${reason}`);
      });
    }
    this.#load = this.#change();
  }

  static async on(cluster: NatsCluster): Promise<Members> {
    const connections = await Promise.all(
      MEMBERS.map((_, first) => {
        const urls = cluster.urls.map((_, at) => cluster.urls[(first + at) % 3] as string);
        return connect({ servers: urls, noRandomize: true, ...RECONNECTING });
      }),
    );
    const members = new Members(connections);
    try {
      await Promise.all(members.nodes.map((node) => node.start()));
    } catch (thrown) {
      await members.close();
      throw thrown;
    }
    return members;
  }

  get leader() {
    return this.nodes.find(({ role }) => role === 'leading');
  }

  /** How the cluster sees the bucket; null while no server can tell. */
  async bucket(): Promise<Bucket | null> {
    const subject = `$JS.API.STREAM.INFO.KV_${BUCKET}`;
    try {
      const answer = await (this.#connections[0] as NatsConnection).request(subject);
      const { cluster, config, state } = answer.json<StreamInfo>();
      const leader = cluster?.leader ?? null;
      return { leader, replicas: config?.num_replicas ?? 0, writes: state?.last_seq ?? 0 };
    } catch (thrown) {
      // No responders, or none in time: the test asks again, up to its deadline.
      if (!(thrown instanceof Error)) throw thrown;
      return null;
    }
  }

  /** The bucket, once a server tells of it and of who leads it. */
  async led(): Promise<Bucket & { readonly leader: string }> {
    const deadline = performance.now() + BACK_MS;
    for (;;) {
      const bucket = await this.bucket();
      if (bucket !== null && bucket.leader !== null) return { ...bucket, leader: bucket.leader };
      assert.ok(performance.now() < deadline, `nobody led the bucket within ${BACK_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Until the bucket has a leader and takes renewals again, and changes are confirmed. */
  async held(writes: number): Promise<void> {
    const deadline = performance.now() + BACK_MS;
    while (((await this.bucket())?.writes ?? 0) <= writes) {
      assert.ok(performance.now() < deadline, `no renewal within ${BACK_MS} ms`);
    }
    await this.confirmed();
  }

  async confirmed(): Promise<void> {
    const before = this.acks.length;
    await until('confirmed changes', () => this.acks.length >= before + ACKS, BACK_MS);
  }

  /** Milliseconds: the longest time without a confirmed change since then. */
  gapSince(sinceMs: number): number {
    const times = [sinceMs, ...this.acks.map(({ atMs }) => atMs).filter((at) => at > sinceMs)];
    return Math.round(Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at))));
  }

  /** For a test that fails. */
  told(): string {
    const stands = this.nodes.map(({ id, status }) => `${id} ${JSON.stringify(status)}`);
    return [...this.#troubles.slice(-TROUBLES_SHOWN), ...stands].join('\n');
  }

  /** In no term two nodes confirmed, and no term after a later one. */
  judge(): void {
    const terms = this.acks.map(({ term }) => term);
    assert.equal(
      terms,
      terms.toSorted((one, other) => one - other),
      'an old term confirmed',
    );
    const leaders = new Set(this.acks.map(({ id, term }) => `${term} ${id}`));
    assert.is(leaders.size, new Set(terms).size, [...leaders].join(', '));
  }

  /** All nodes hold all that was confirmed. */
  async compare(): Promise<void> {
    this.#isLoaded = false;
    await this.#load;
    const lacking = () =>
      this.nodes.flatMap(({ data }) => this.acks.filter(({ key }) => !data.has(key)));
    await until('all on all nodes', () => lacking().length === 0, BACK_MS);
  }

  async close(): Promise<void> {
    this.#isLoaded = false;
    await this.#load;
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  /** One change after the other, by whoever leads. */
  async #change(): Promise<void> {
    for (let made = 1; this.#isLoaded; made += 1) {
      const node = this.leader;
      const term = node?.status.term ?? 0;
      try {
        const key = `${node?.id} ${made}`;
        await node?.data.set(key, made);
        if (node !== undefined) this.acks.push({ atMs: performance.now(), key, id: node.id, term });
      } catch (thrown) {
        // Not confirmed, and nobody was promised it.
        if (!(thrown instanceof ReplicationError)) throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Once the bucket has a leader, which `choose` is told. */
async function killOne(
  members: Members,
  cluster: NatsCluster,
  choose: (leader: string, name: string) => boolean,
): Promise<string> {
  const bucket = await members.led();
  const server = cluster.servers.find(({ name }) => choose(bucket.leader, name));
  assert.ok(server);
  const term = members.leader?.status.term;
  const sinceMs = performance.now();
  await server.kill();
  await members.held((await members.bucket())?.writes ?? bucket.writes);
  const lead = members.leader?.status.term === term ? 'the lead was kept' : 'the lead changed';
  const gapMs = members.gapSince(sinceMs);
  await server.start();
  await members.held((await members.bucket())?.writes ?? bucket.writes);
  return `${lead}, ${gapMs} ms at most between two confirmed changes`;
}

async function killTwo(members: Members, cluster: NatsCluster): Promise<string> {
  const two = cluster.servers.slice(1);
  await Promise.all(two.map((server) => server.kill()));
  await until('nobody leads', () => members.leader === undefined, BACK_MS);
  const before = members.acks.length;
  // That nothing happens cannot be waited for: long enough for two of them to take it.
  await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
  assert.is(members.acks.length, before, 'confirmed without a lease');
  const sinceMs = performance.now();
  for (const server of two) server.launch();
  await Promise.all(two.map((server) => server.ready()));
  await members.confirmed();
  const [first] = members.acks.filter(({ atMs }) => atMs > sinceMs);
  const backMs = Math.round((first?.atMs ?? 0) - sinceMs);
  return `nobody led; confirmed again ${backMs} ms after they were started`;
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  test('a bucket of three replicas: a server is killed, then another, then two', async () => {
    const cluster = await startNatsCluster(3, { jetstream: true });
    try {
      const members = await Members.on(cluster);
      try {
        await members.confirmed();
        assert.is((await members.led()).replicas, 3);
        const first = await killOne(members, cluster, (leader, name) => name === leader);
        console.log(`\n  the server that leads the bucket is killed: ${first}`);
        const second = await killOne(members, cluster, (leader, name) => name !== leader);
        console.log(`  another one is killed: ${second}`);
        console.log(`  two are killed: ${await killTwo(members, cluster)}`);
        await members.compare();
        members.judge();
      } catch (thrown) {
        console.log(members.told());
        throw thrown;
      } finally {
        await members.close();
      }
    } finally {
      await cluster.close();
    }
  });
}

test.run();
