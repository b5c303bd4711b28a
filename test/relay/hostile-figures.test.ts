/** T52, A16: whatever somebody says of those below it, whoever hears that goes on, and tells on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceLimits } from '../../lib/limits.js';
import { Subtree } from '../../lib/service/subtree.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import type { BelowMessage, Envelope, NodeMove } from '../../machines/protocol.js';
import { RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter } from '../support/service-changes.js';
import type { SlaveLife } from '../support/service-cluster.js';

const test = suite('relay: figures that cannot be');

const MOST = Number.MAX_SAFE_INTEGER;

const NOTHING: BelowMessage = {
  kind: 'below',
  relays: 0,
  live: 0,
  versions: [],
  behind: [],
  moves: [],
};

/** A side with one relay, which is told by hand. */
function sideOf(relay: string) {
  const moves: NodeMove[] = [];
  const troubles: string[] = [];
  const clock = new VirtualClock();
  const subtree = new Subtree({
    clock,
    heartbeatMs: () => 1000,
    trouble: (_, reason) => troubles.push(reason),
    moved: (move) => moves.push(move),
  });
  subtree.came(relay, `${relay}-1`);
  return { moves, troubles, clock, subtree };
}

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
  const lie: BelowMessage = { ...NOTHING, relays: MOST, live: MOST, versions };
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

test('P15: whoever is said to be below, no more is kept and told on than there may be slaves', async () => {
  const { moves, troubles, clock, subtree } = sideOf('r');
  const here = (id: string, via: readonly string[]): NodeMove => {
    return { id, via, incarnation: `${id} ${via.join()}`, state: 'here', version: 0 };
  };
  const tell = (all: readonly NodeMove[]) => subtree.told('r', { ...NOTHING, moves: all });
  // One id at more places than a slave can have been.
  tell(Array.from({ length: 1000 }, (_, index) => here('twin', [`r${index}`])));
  assert.is(moves.filter(({ id }) => id === 'twin').length, 64);
  const { slavesMax } = serviceLimits;
  tell(Array.from({ length: slavesMax + 50 }, (_, index) => here(`s${index}`, [])));
  assert.ok(moves.length <= slavesMax, `${moves.length} told on`);
  assert.is([...subtree.everybody()].length, slavesMax);
  await clock.pass(60_000);
  subtree.look();
  assert.equal(troubles, [
    'several processes say they are slave "twin": ' +
      'below "r/r0" and below "r/r1" and below "r/r2" and below "r/r3", and 60 more',
  ]);
});

test('P15: of departures without end the last ten thousand wait to be told on', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const [hostile] = cluster.leaves('r1', 1) as [SlaveLife];
  await cluster.start(master, relay, hostile);
  await cluster.converge(master, [hostile]);
  const told = new Set<string>();
  relay.up.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind !== 'below') return;
    for (const { id, state } of message.moves) if (state === 'left') told.add(id);
  };
  const left = (index: number): NodeMove => {
    return { id: `s${index}`, via: [], incarnation: 'i', state: 'left', version: 1 };
  };
  const words = Array.from({ length: 320 }, (_, at) => ({
    ...NOTHING,
    moves: Array.from({ length: 32 }, (_one, index) => left(32 * at + index)),
  }));
  await say(cluster, relay, hostile, words);
  await cluster.clock.pass(350_000);
  assert.is(told.size, 10_000);
  assert.ok(told.has('s10239'));
});

test('ids of any characters: a relay takes nobody out of the words whose id begins as its own', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const told: string[] = [];
  relay.up.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'below') told.push(...message.moves.map(({ id }) => id));
  };
  await cluster.start(master, relay);
  await cluster.start(...['eu/1', 'eu'].map((id) => cluster.slave(id, { to: 'r1' })));
  await cluster.clock.pass(5_000);
  assert.equal(told.sort(), ['eu', 'eu/1']);
});

test.run();
