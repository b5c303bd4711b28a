/**
 * Changes of both methods while NATS fails: a cluster of three real nats-servers of which one after
 * the other is killed and started again, and connections that lose messages. Nothing promised is
 * lost, no round stays open, all slaves end with the master's data.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../lib/runtime/random.js';
import { lossyNats } from '../support/lossy-nats.js';
import { natsClient, RECONNECTING } from '../support/nats-pair.js';
import { openRounds, Promised } from '../support/nats-rounds.js';
import {
  type NatsCluster,
  natsServerMissing,
  startNatsCluster,
  startNatsServer,
} from '../support/nats-server.js';

const test = suite('changes while NATS fails');
const missing = natsServerMissing();

const SLAVES = 5;
const KILLS = 6;
/** Changes of each method while one server is away. */
const CHANGES_PER_KILL = 8;
const CHANGES_WITH_LOSS = 60;
const LOSS_RATIO = 0.03;

function clientOf(cluster: NatsCluster, first: number): Promise<NatsConnection> {
  // Each begins at another server, so that every kill hits somebody.
  const urls = cluster.urls.map((_, at) => cluster.urls[(first + at) % cluster.urls.length]);
  const servers = urls.filter((url) => url !== undefined);
  return connect({ servers, noRandomize: true, ...RECONNECTING });
}

async function killOneByOne(cluster: NatsCluster, promised: Promised): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const server = cluster.servers[kill % cluster.servers.length];
    assert.ok(server);
    const changes = (async () => {
      for (let count = 0; count < CHANGES_PER_KILL; count += 1) await promised.change();
    })();
    // The changes are under way: the kill hits one of them.
    await server.kill();
    await changes;
    await server.start();
  }
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  test('a cluster of three, one killed during rounds: nothing is lost, all converge', async () => {
    const cluster = await startNatsCluster(3);
    const rounds = await openRounds(SLAVES, (node) => clientOf(cluster, node));
    try {
      const promised = new Promised(rounds);
      await killOneByOne(cluster, promised);
      await promised.judge();
      const options = { method: 'two-phase', ack: 'applied', timeout: 10_000 } as const;
      const again = await rounds.master.data.set('after', 1, options);
      assert.is(again.participants.length, SLAVES);
      assert.equal(again.unconfirmed, []);
      const losses = rounds.troubles.filter((reason) => reason.includes('was lost'));
      assert.ok(losses.length > 0, "the master's own server was killed and its host not told");
      const { changes, committed, aborted } = promised;
      console.log(
        `  ${KILLS} servers killed, ${changes} one-phase changes and ${committed} rounds ` +
          `acknowledged on ${SLAVES} slaves, ${aborted} rounds aborted, none open`,
      );
    } finally {
      await rounds.close();
      await cluster.close();
    }
  });

  test(`connections that lose ${LOSS_RATIO * 100} % of what is sent: the same`, async () => {
    const server = await startNatsServer();
    let lost = 0;
    const rounds = await openRounds(SLAVES, async (node) => {
      const random = seededRandom(process.env.SEED ?? 4711, `node ${node}`);
      return lossyNats(await natsClient(server), () => {
        const loses = random() < LOSS_RATIO;
        if (loses) lost += 1;
        return loses;
      });
    });
    try {
      const promised = new Promised(rounds);
      for (let count = 0; count < CHANGES_WITH_LOSS; count += 1) await promised.change();
      await promised.judge();
      assert.ok(lost > 0, 'nothing was lost');
      const { changes, committed, aborted } = promised;
      console.log(
        `  ${lost} messages lost, ${changes} one-phase changes and ${committed} rounds ` +
          `acknowledged on ${SLAVES} slaves, ${aborted} rounds aborted, none open`,
      );
    } finally {
      await rounds.close();
      await server.close();
    }
  });
}

test.run();
