/** The feed: bounded, and every reader can begin at the oldest moment that is kept. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFeed } from '../../lib/inspector/collect/feed.js';
import { withChanges } from '../../lib/inspector/context-paths.js';
import type { Entry, KeyframeEntry, Line, NodeEntry } from '../../lib/inspector/entries.js';
import { readLine } from '../../lib/inspector/json.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { InspectedCluster } from '../support/inspected-cluster.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { masterSight } from '../support/sights.js';

const test = suite('the feed');

/** Contexts of all actors that live, from lines alone. */
function contextsOf(lines: readonly Line[]): ReadonlyMap<string, unknown> {
  const contexts = new Map<string, unknown>();
  const apply = (line: Line): void => {
    if (line.kind === 'keyframe') {
      contexts.clear();
      for (const entry of line.entries) apply(entry);
    } else if (line.kind === 'actor') contexts.set(line.actor, line.context);
    else if (line.kind === 'actor-end') contexts.delete(line.actor);
    else if (line.kind === 'step' && contexts.has(line.actor) && line.changed !== undefined) {
      contexts.set(line.actor, withChanges(contexts.get(line.actor), line.changed));
    }
  };
  for (const line of lines) apply(line);
  return contexts;
}

function nodeEntry(node: string, at: number): NodeEntry {
  const process = { pid: at, host: 'h' };
  return { kind: 'node', at, node, role: 'slave', item: 'i', id: node, incarnation: node, process };
}

function actorEntry(node: string, at: number): Entry {
  const about = { name: 'slave', machine: null, parent: null, value: null, context: {} };
  return { kind: 'actor', at, node, actor: `${node}a`, ...about };
}

async function recorded(changes: number): Promise<readonly Entry[]> {
  const cluster = new InspectedCluster();
  const master = cluster.master(cluster.inspected);
  const slaves = ['s1', 's2'].map((id) => cluster.slave(id, cluster.inspected));
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  for (let index = 0; index < changes; index += 1) {
    await cluster.finish(master.node.data.update(setter('a', index), TWO_PHASE));
  }
  await cluster.stop(slaves[1] as never);
  await cluster.clock.pass(1_000);
  return cluster.entries;
}

test('whoever subscribes, early or late, comes to the same present', async () => {
  const entries = await recorded(60);
  const clock = new VirtualClock();
  const feed = createFeed({ entriesMax: 200, clock });
  const early: string[] = [];
  feed.subscribe((lines) => void early.push(...lines));
  for (const entry of entries) {
    feed.take([entry]);
    await clock.pass(1);
  }
  await clock.pass(100);
  const late: string[] = [];
  feed.subscribe((lines) => void late.push(...lines));
  await clock.pass(100);
  assert.ok(entries.length > 400, `${entries.length} entries`);
  assert.ok(late.length <= 201 && late.length > 100, `${late.length} lines are kept`);
  assert.is(readLine(late[0] ?? '').kind, 'keyframe');
  const present = contextsOf(entries);
  assert.ok(present.size >= 3);
  for (const lines of [early, late, [feed.skip()]]) {
    const seen = contextsOf(lines.map((line) => readLine(line)));
    assert.equal([...seen.keys()].sort(), [...present.keys()].sort());
    for (const [actor, context] of present) assert.equal(seen.get(actor), context);
  }
  const kept = early.map((line) => readLine(line)).filter(({ kind }) => kind !== 'keyframe');
  assert.equal(kept, entries, 'a reader that keeps up gets every entry, in order');
});

test('a reader that is too late is told of the gap and goes on from a keyframe', async () => {
  const entries = await recorded(40);
  const clock = new VirtualClock();
  const feed = createFeed({ entriesMax: 200, clock });
  const got: Line[] = [];
  const end = feed.subscribe((lines) => void got.push(...lines.map((line) => readLine(line))));
  feed.take(entries.slice(0, 20));
  await clock.pass(100);
  feed.take(entries.slice(20));
  await clock.pass(100);
  const index = got.findIndex(({ kind }) => kind === 'gap');
  assert.ok(index > 0);
  const gap = got[index];
  assert.ok(gap?.kind === 'gap' && gap.reason === 'buffer' && gap.count > 0);
  assert.is(got[index + 1]?.kind, 'keyframe');
  assert.is(gap.at, got[index + 1]?.at, 'what follows is not dated back by the newest moment');
  assert.equal(contextsOf(got), contextsOf(entries));
  end();
  const { length } = got;
  feed.take(entries.slice(-1));
  await clock.pass(100);
  assert.is(got.length, length, 'nothing comes after the end');
});

test('bytes are bounded too, and keyframes longer than a segment do no harm', async () => {
  const entries = await recorded(20);
  const clock = new VirtualClock();
  for (const bytesMax of [1, 20_000, 200_000]) {
    const feed = createFeed({ bytesMax, clock });
    for (const entry of entries) feed.take([entry]);
    const got: string[] = [];
    feed.subscribe((lines) => void got.push(...lines));
    await clock.pass(100);
    const bytes = got.reduce((sum, line) => sum + line.length, 0);
    const keyframe = feed.skip().length;
    const bound = Math.max(bytesMax, 6 * keyframe) + 10_000;
    assert.ok(bytes <= bound, `${bytes} of ${bound}`);
    assert.equal(contextsOf(got.map((line) => readLine(line))), contextsOf(entries));
  }
});

test('nodes: the newest report and the count of changes by stage', async () => {
  const entries = await recorded(5);
  const feed = createFeed({ clock: new VirtualClock() });
  feed.take(entries);
  const nodes = [...feed.nodes().values()];
  assert.equal(nodes.map(({ entry }) => entry.id).sort(), ['master', 's1'], 's2 has stopped');
  const master = nodes.find(({ entry }) => entry.role === 'master');
  assert.is(master?.changes.begun, 5);
  assert.is(master?.changes.committed, 5);
  const reports = entries.filter((entry) => entry.kind === 'report');
  assert.equal(master?.report, reports.filter(({ node }) => node === master?.entry.node).at(-1));
  const frame = readLine(feed.skip()) as KeyframeEntry;
  const other = createFeed({ clock: new VirtualClock() });
  other.take([frame]);
  assert.equal([...other.nodes().keys()], [...feed.nodes().keys()]);
});

test('processes that were killed do not stay for ever: those silent longest make room, as told', () => {
  const feed = createFeed({ nodesMax: 100, clock: new VirtualClock() });
  const lines: Line[] = [];
  feed.subscribe((got) => void lines.push(...got.map((line) => readLine(line))));
  const speaking = nodeEntry('n0', 0);
  feed.take([speaking]);
  for (let index = 1; index <= 10_000; index += 1) {
    feed.take([nodeEntry(`n${index}`, index), actorEntry(`n${index}`, index)]);
    feed.take([{ ...masterSight('m').report, at: index, node: speaking.node } as Entry]);
  }
  feed.flush();
  assert.is(feed.nodes().size, 100);
  assert.ok(feed.nodes().has('n0'), 'the one that still reports stays');
  assert.ok(feed.nodes().has('n10000') && !feed.nodes().has('n9900'));
  assert.ok(feed.skip().length < 100_000, `a keyframe of ${feed.skip().length} characters`);
  const gaps = lines.flatMap((line) => (line.kind === 'gap' ? [line] : []));
  const dropped = gaps.filter(({ reason }) => reason === 'nodes');
  assert.is(
    dropped.reduce((sum, { count }) => sum + count, 0),
    9901,
  );
  assert.is(lines.filter(({ kind }) => kind === 'node-end').length, 9901);
});

test('a listener that throws hears no more, and the others do', () => {
  const clock = new VirtualClock();
  const feed = createFeed({ clock });
  const heard: number[] = [];
  let isBroken = false;
  feed.subscribe(() => {
    if (isBroken) throw new Error('a defect of a host');
  });
  feed.subscribe((lines) => void heard.push(lines.length));
  isBroken = true;
  for (const at of [1, 2]) {
    feed.take([{ kind: 'gap', at, node: 'n1', count: 1, reason: 'rate' }]);
    feed.flush();
  }
  assert.equal(heard, [1, 1, 1], 'the history, and each line');
});

test('what arrived from another host is as old as its arrival', () => {
  const feed = createFeed({ clock: new VirtualClock() });
  const process = { pid: 1, host: 'elsewhere' };
  const node = { node: 'n1', role: 'slave', item: 'i', id: 's', incarnation: 'x' } as const;
  feed.take([{ kind: 'node', at: 5, ...node, process }], 900);
  const status = { link: 'live', data: 'current', round: 'none', roundId: null } as const;
  const words = { inDoubtFor: 0, problem: null, target: null, summary: 'current' } as const;
  const report = { role: 'slave', status: { ...status, ...words }, position: null } as const;
  const entry = {
    kind: 'report',
    at: 6,
    node: 'n1',
    report: { ...report, age: 0, transfer: null },
  };
  feed.take([entry as Entry], 1000);
  assert.is(feed.nodes().get('n1')?.seenAtMs, 1000);
});

test.run();
