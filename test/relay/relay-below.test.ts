/** What the person on call is told of the whole tree, what that costs, and who is there twice. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import type { BelowMessage } from '../../machines/protocol.js';
import { HEADER } from '../support/any-message.js';
import { RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter } from '../support/service-changes.js';
import type { Life } from '../support/service-cluster.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('relay: who is below');

const HEARTBEAT_MS = 1000;
/** Each level adds one heartbeat, and the time in which departures are waited for is fifteen. */
const TWIN_MS = 20 * HEARTBEAT_MS;

/** A copy that cannot take a change, as a disk that is full. */
function refusing() {
  const prepare = (next: unknown) => {
    if ((next as Tree).poison !== undefined) throw new Veto('the disk is full');
  };
  return document<Tree>({}, { prepare });
}

/** The words about those below that a relay sends, with their bytes. */
function heardOf({ up }: RelayLife) {
  const said: { readonly message: BelowMessage; readonly bytes: number }[] = [];
  up.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'below') said.push({ message, bytes: frame.length });
  };
  return said;
}

const duplicates = ({ troubles }: Life) =>
  troubles.filter(({ code }) => code === 'DUPLICATE_ID').map(({ reason }) => reason);

test('the master names the node three levels down that is not on its version, and why', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2', { to: 'r1' })];
  const stuck = cluster.slave('stuck', { to: 'r2', data: refusing() });
  const leaves = [...cluster.leaves('r1', 3), ...cluster.leaves('r2', 4)];
  await cluster.start(master, ...relays, stuck, ...leaves);
  await cluster.converge(master, [...leaves, stuck]);
  await cluster.until('everybody is known', () => master.node.below().current === 10);
  const { worst, ...figures } = master.node.below();
  const before = master.node.position?.version ?? 0;
  assert.is(worst, null);
  assert.equal(figures, {
    slaves: 10,
    relays: 2,
    live: 10,
    current: 10,
    versions: [{ version: before, slaves: 10 }],
    behind: [],
  });
  const { version } = await cluster.finish(master.node.data.update(setter('poison')));
  await cluster.converge(master, leaves);
  await cluster.until('it is told', () => master.node.below().worst?.stage === 'quarantined');
  const below = master.node.below();
  assert.equal(below.versions, [
    { version, slaves: 9 },
    { version: before, slaves: 1 },
  ]);
  assert.is(below.behind.length, 1, 'those who are well are not named');
  assert.is(below.worst?.id, 'stuck');
  assert.equal(below.worst?.via, ['r1', 'r2']);
  assert.is(below.worst?.version, before);
  assert.match(String(below.worst?.problem?.reason), /the disk is full/);
});

test('P15: what a relay says is bounded in bytes and rate, and silent while nothing moves', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const stuck = Array.from({ length: 60 }, (_, index) =>
    cluster.slave(`stuck-${index}-${'n'.repeat(60)}`, { to: 'r1', data: refusing() }),
  );
  const leaves = cluster.leaves('r1', 60);
  const said = heardOf(relay);
  await cluster.start(master, relay, ...stuck, ...leaves);
  await cluster.converge(master, [...leaves, ...stuck]);
  await cluster.finish(master.node.data.update(setter('poison')));
  await cluster.converge(master, leaves);
  await cluster.until('all are told', () => master.node.below().versions[1]?.slaves === 60);
  const startMs = cluster.clock.now();
  said.length = 0;
  for (let index = 0; index < 200; index += 1) {
    await cluster.finish(master.node.data.update(setter(`key ${index}`)));
    await cluster.clock.pass(50);
  }
  const beats = Math.ceil((cluster.clock.now() - startMs) / HEARTBEAT_MS);
  assert.ok(said.length > 3 && said.length <= beats, `${said.length} in ${beats} heartbeats`);
  const mostBytes = Math.max(...said.map(({ bytes }) => bytes));
  assert.ok(mostBytes < 4096, `${mostBytes} bytes for 120 slaves`);
  assert.ok(said.every(({ message }) => message.behind.length <= 8));
  assert.is(
    said.at(-1)?.message.behind.every(({ id }) => id.startsWith('stuck')),
    true,
  );
  await cluster.clock.pass(5 * HEARTBEAT_MS);
  said.length = 0;
  await cluster.clock.pass(50 * HEARTBEAT_MS);
  assert.ok(said.length <= 6, `${said.length} times the same in 50 heartbeats`);
});

test('P13: one id below two relays is told with both places, on every level, once', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [
    cluster.relay('r1'),
    cluster.relay('r2', { to: 'r1' }),
    cluster.relay('r3', { to: 'r1' }),
  ] as const;
  const [upper] = relays;
  await cluster.start(master, ...relays);
  const first = cluster.slave('till-7', { to: 'r2' });
  const second = cluster.slave('till-7', { to: 'r3' });
  await cluster.start(first, second);
  await cluster.converge(master, [first, second]);
  await cluster.until('it is noticed', () => duplicates(master).length > 0, TWIN_MS);
  await cluster.clock.pass(3 * TWIN_MS);
  const [reason] = duplicates(master);
  assert.match(String(reason), /"till-7".*below "r1\/r[23]" and below "r1\/r[23]"/);
  assert.is(duplicates(master).length, 1, 'once');
  assert.is(duplicates(upper).length, 1, 'and by the relay above both');
  await cluster.stop(second);
  await cluster.clock.pass(TWIN_MS);
  const third = cluster.slave('till-7', { to: 'master' });
  await cluster.start(third);
  await cluster.until('again', () => duplicates(master).length > 1, TWIN_MS);
  assert.match(String(duplicates(master)[1]), /below "r1\/r2" and directly|directly and below/);
  assert.is(duplicates(upper).length, 1, 'nothing that it could see');
});

test('a slave that moves, or is killed and started elsewhere, is no duplicate', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2')];
  await cluster.start(master, ...relays);
  const first = cluster.slave('s', { to: 'r1' });
  await cluster.start(first);
  await cluster.converge(master, [first]);
  await cluster.stop(first);
  const second = cluster.slave('s', { to: 'r2' });
  await cluster.start(second);
  await cluster.converge(master, [second]);
  second.kill();
  const third = cluster.slave('s', { to: 'r1' });
  await cluster.start(third);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, [third]);
  await cluster.clock.pass(3 * TWIN_MS);
  assert.equal(duplicates(master), []);
  const isNamed = master.node.below().behind.some(({ id }) => id === 's');
  assert.is(isNamed, false, 'it is shown where it is, not where it was');
});

test('of a relay that is gone only itself is shown; back, it tells everything again', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1', { to: 'master' });
  const inner = cluster.relay('r2', { to: 'r1' });
  const leaves = cluster.leaves('r2', 5);
  await cluster.start(master, relay, inner, ...leaves);
  await cluster.until('all are known', () => master.node.below().current === 7);
  await cluster.stop(relay);
  const { slaves, live, worst } = master.node.below();
  assert.equal([slaves, live, worst?.id, worst?.link], [1, 0, 'r1', 'stale']);
  await cluster.start(relay);
  await cluster.until('all are known again', () => master.node.below().current === 7);
  assert.is(master.node.below().worst, null);
  const twin = cluster.slave('r2-s3', { to: 'master' });
  await cluster.start(twin);
  await cluster.until('names were told again', () => duplicates(master).length === 1, TWIN_MS);
});

test('over a network that loses frames a relay is heard all the same', async () => {
  const cluster = new RelayCluster({
    faults: { lossRatio: 0.3, duplicateRatio: 0.2, reorderRatio: 0.2 },
  });
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const leaves = cluster.leaves('r1', 5);
  await cluster.start(master, relay, ...leaves);
  await cluster.until('all are known', () => master.node.below().slaves === 6, 600_000);
});

test('short frames: figures only, where names do not fit', async () => {
  const cluster = new RelayCluster({ maxFrameBytes: 600 });
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const leaves = Array.from({ length: 20 }, (_, index) =>
    cluster.slave(`s${index}-${'n'.repeat(90)}`, { to: 'r1' }),
  );
  const said = heardOf(relay);
  await cluster.start(master, relay, ...leaves);
  await cluster.until('all are known', () => master.node.below().slaves === 21);
  assert.ok(said.every(({ bytes }) => bytes <= 600));
  assert.equal(relay.troubles, []);
});

test('A16: a frame that names more nodes or levels than a relay may is refused', () => {
  const node = { id: 'x', via: [], incarnation: 'i', state: 'here', version: 0 } as const;
  const message: BelowMessage = {
    kind: 'below',
    relays: 0,
    live: 0,
    versions: [],
    behind: [],
    moves: Array.from({ length: 33 }, () => node),
  };
  assert.throws(() => decodeFrame(encodeFrame(HEADER, message)), /too many nodes/);
  const deep = { ...node, via: Array.from({ length: 9 }, () => 'r') };
  const tooDeep = { ...message, moves: [deep] };
  assert.throws(() => decodeFrame(encodeFrame(HEADER, tooDeep)), /too many levels/);
});

test.run();
