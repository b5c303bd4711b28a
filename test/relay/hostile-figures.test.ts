/** T52, A16: whatever somebody says of those below it, whoever hears that goes on, and tells on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import type { BelowMessage, Envelope } from '../../machines/protocol.js';
import { RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter } from '../support/service-changes.js';
import type { SlaveLife } from '../support/service-cluster.js';

const test = suite('relay: figures that cannot be');

const MOST = Number.MAX_SAFE_INTEGER;

/** Says it to the relay, as this slave of it. */
async function say(
  cluster: RelayCluster,
  relay: RelayLife,
  slave: SlaveLife,
  words: readonly BelowMessage[],
): Promise<void> {
  let from: { readonly peer: string; readonly envelope: Envelope } | null = null;
  relay.down.onReceive = (peer, frames) => {
    for (const { envelope } of frames.map((frame) => decodeFrame(frame))) {
      if (envelope.sender === slave.node.id) from = { peer, envelope };
    }
  };
  await cluster.until('the slave speaks', () => from !== null);
  relay.down.onReceive = () => {};
  const { peer, envelope } = from as unknown as { peer: string; envelope: Envelope };
  relay.down.inject(
    peer,
    words.map((word) => encodeFrame(envelope, word)),
  );
}

test('more relays, slaves and live ones than there are numbers: the relay tells on, and is well', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const [hostile, well] = cluster.leaves('r1', 2) as [SlaveLife, SlaveLife];
  await cluster.start(master, relay, hostile, well);
  await cluster.converge(master, [hostile, well]);
  const versions = [0, 1, 2, 3].map((version) => ({ version, slaves: MOST }));
  const lie: BelowMessage = {
    kind: 'below',
    relays: MOST,
    live: MOST,
    versions,
    behind: [],
    moves: [],
  };
  await say(cluster, relay, hostile, [lie]);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.clock.pass(5_000);
  await cluster.converge(master, [well]);
  const below = master.node.below();
  assert.ok([below.slaves, below.relays, below.live].every(Number.isSafeInteger));
  // The relay's own words still arrive.
  assert.ok(below.relays >= 1 && below.slaves >= 3, JSON.stringify(below));
  assert.equal([master.troubles, relay.troubles, well.troubles], [[], [], []]);
  await cluster.finish(master.node.data.update(setter('b'), { method: 'two-phase' }));
  hostile.kill();
  await cluster.clock.pass(30_000);
  assert.equal([master.node.below().live, master.node.below().slaves >= 2], [2, true]);
});

test.run();
