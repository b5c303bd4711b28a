/** Recordings of real clusters, fed to the real machines again. */
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyStateMachine } from 'xstate';
import { ReplicationError } from '../../lib/errors.js';
import { createFeed } from '../../lib/inspector/collect/feed.js';
import type { Entry, Line } from '../../lib/inspector/entries.js';
import { readLine, writeLine } from '../../lib/inspector/json.js';
import { openRecording } from '../../lib/inspector/recording/open-recording.js';
import { type NumberedLine, readRecording } from '../../lib/inspector/recording/read-recording.js';
import { replayRecording } from '../../lib/inspector/recording/replay-recording.js';
import { writeRecording } from '../../lib/inspector/recording/write-recording.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { masterMachine, sessionMachine, slaveMachine } from '../../machines/index.js';
import { InspectedCluster } from '../support/inspected-cluster.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('recordings');

let folder = '';

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replichart-recording-'));
});

test.after(() => rm(folder, { recursive: true, force: true }));

/** Rounds, a veto, a killed slave, a slave that catches up by delta and by whole state, a cut. */
async function eventfulRun(options: { readonly payloads: boolean }) {
  const cluster = new InspectedCluster({ collector: { payloads: options.payloads } });
  const release = cluster.collector.wholly();
  const { inspected } = cluster;
  const master = cluster.master({ ...inspected, disk: new ServiceDisk(), history: 8 });
  const disk = new ServiceDisk();
  const s1 = cluster.slave('s1', inspected);
  const s2 = cluster.slave('s2', { ...inspected, disk });
  const s3 = cluster.slave('s3', { ...inspected, data: refusing('bad') });
  await cluster.start(master, s1, s2, s3);
  await cluster.converge(master, [s1, s2, s3]);
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  for (let index = 0; index < 5; index += 1) {
    await cluster.finish(master.node.data.update(setter('b', index)));
  }
  s2.kill();
  await cluster.failure(master.node.data.update(setter('c'), { ...TWO_PHASE, timeout: 500 }));
  await cluster.clock.pass(12_000);
  for (let index = 0; index < 20; index += 1) {
    await cluster.finish(master.node.data.update(setter('d', `${index}`)));
  }
  const again = cluster.slave('s2', { ...inspected, disk });
  await cluster.start(again);
  await cluster.converge(master, [s1, again, s3]);
  cluster.network.cut('master', 's1');
  await cluster.finish(master.node.data.update(setter('e', 'x'.repeat(5_000))));
  await cluster.converge(master, [s1, again, s3]);
  await cluster.stop(s1, again, s3, master);
  release();
  return cluster.entries;
}

const runs = new Map<boolean, Promise<readonly Entry[]>>();

function eventful(payloads = false): Promise<readonly Entry[]> {
  const known = runs.get(payloads) ?? eventfulRun({ payloads });
  runs.set(payloads, known);
  return known;
}

/** Writes entries as they come, through a feed, to a file. */
async function fileOf(name: string, entries: readonly Entry[], payloads = false): Promise<string> {
  const path = join(folder, name);
  const feed = createFeed({ clock: new VirtualClock() });
  const troubled = (error: ReplicationError) => assert.unreachable(error.message);
  const recording = writeRecording({ path, feed, package: 'replichart 0.0.0', payloads, troubled });
  for (const entry of entries) feed.take([entry]);
  await recording.close();
  assert.is(recording.failure, null);
  assert.is((await stat(path)).size, recording.bytes);
  return path;
}

async function linesOf(path: string): Promise<readonly NumberedLine[]> {
  const lines: NumberedLine[] = [];
  for await (const line of openRecording(path)) lines.push(line);
  return lines;
}

for (const payloads of [false, true]) {
  const which = payloads ? 'with payloads' : 'without payloads';
  test(`a recording ${which} gives the same states when its events are fed again`, async () => {
    const path = await fileOf(`run-${payloads}.jsonl`, await eventful(payloads), payloads);
    assert.is((await stat(path)).mode & 0o777, 0o600);
    const result = await replayRecording(openRecording(path));
    assert.equal(result.differences, []);
    assert.equal(result.unknown, []);
    assert.equal(result.changedMachines, []);
    assert.is(result.left, 0);
    assert.ok(result.actors >= 9, `${result.actors} actors`);
    assert.ok(result.steps > 300, `${result.steps} steps`);
  });
}

test('what the run was about is in it: a veto, a lost vote, a delta and a whole state', async () => {
  const entries = await eventful();
  const messages = entries.flatMap((entry) => (entry.kind === 'message' ? [entry.name] : []));
  for (const name of ['prepare', 'vote', 'commit', 'abort', 'delta', 'snapshot', 'goodbye']) {
    assert.ok(messages.includes(name as never), name);
  }
  const stages = entries.flatMap((entry) =>
    entry.kind === 'change'
      ? Object.values(entry.slaves).map(({ stage }) => `${entry.stage} ${stage}`)
      : [],
  );
  for (const stage of ['aborted vetoed', 'aborted lost', 'applied applied']) {
    assert.ok(stages.includes(stage), stage);
  }
});

function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return typeof value === 'string' ? `${value}!` : value;
}

/** Another value of the same type, in the place that the random number picks. */
function mutated(line: Line, random: () => number): Line | null {
  if (line.kind !== 'step' || line.changed === undefined) return null;
  const places: Array<() => void> = [];
  const copy = readLine(writeLine(line)) as typeof line & { changed: Record<string, unknown> };
  const visit = (holder: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(holder)) {
      const other = otherThan(value);
      if (other !== value) {
        places.push(() => {
          holder[key] = other;
        });
      }
      if (Object.getPrototypeOf(value ?? 0) === Object.prototype) visit(value as never);
    }
  };
  visit(copy.changed);
  places[Math.floor(random() * places.length)]?.();
  return places.length === 0 ? null : copy;
}

test('a mutated line is found: its actor, its number, and both sides', async () => {
  const lines = await linesOf(await fileOf('mutated.jsonl', await eventful()));
  const random = seededRandom(process.env.SEED ?? 'mutations', 'lines');
  let tried = 0;
  while (tried < 25) {
    const index = Math.floor(random() * lines.length);
    const numbered = lines[index] as NumberedLine;
    const line = mutated(numbered.line, random);
    if (line === null || line.kind !== 'step') continue;
    tried += 1;
    const { actor } = line;
    const own = lines.filter((each) => !('actor' in each.line) || each.line.actor === actor);
    const wrong = own.map((each) => (each === numbered ? { ...each, line } : each));
    const { differences } = await replayRecording(wrong);
    const [first] = differences;
    assert.is(differences.length, 1, writeLine(line));
    assert.is(first?.line, numbered.number);
    assert.is(first?.actor, line.actor);
    assert.is(first?.what, 'context');
    assert.not.equal(first?.recorded, first?.made);
  }
});

/** The same machine with one transition taken out. */
function without(machine: AnyStateMachine, event: string): AnyStateMachine {
  const config = machine.config as { readonly on?: object; readonly states?: object };
  const cut = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    const { on, states, ...rest } = node as { on?: object; states?: object };
    const kept = Object.entries(on ?? {}).filter(([type]) => type !== event);
    const inner = Object.entries(states ?? {}).map(([key, state]) => [key, cut(state)]);
    return { ...rest, on: Object.fromEntries(kept), states: Object.fromEntries(inner) };
  };
  const Machine = machine.constructor as new (
    config: unknown,
    implementations: unknown,
  ) => AnyStateMachine;
  return new Machine(cut(config), machine.implementations);
}

test('a machine with a changed transition is found, and named', async () => {
  const path = await fileOf('changed.jsonl', await eventful());
  const cases = [
    ['session', 'transferEnded', [masterMachine, slaveMachine]],
    ['slave', 'promised', [masterMachine, sessionMachine]],
    ['master', 'votes', [slaveMachine, sessionMachine]],
  ] as const;
  const machines = new Map<string, AnyStateMachine>(
    [masterMachine, slaveMachine, sessionMachine].map((machine) => [machine.id, machine]),
  );
  for (const [id, event, others] of cases) {
    const changed = without(machines.get(id) as AnyStateMachine, event);
    const result = await replayRecording(openRecording(path), { machines: [...others, changed] });
    assert.equal(result.changedMachines, [id]);
    assert.ok(result.differences.length > 0, id);
    for (const difference of result.differences) assert.is(difference.event.type, event);
  }
});

test('a torn end is told, and all before it is read; damage elsewhere is an error', async () => {
  const path = await fileOf('torn.jsonl', await eventful());
  const whole = await linesOf(path);
  const tails: string[] = [];
  await appendFile(path, '{"kind":"step","at":17');
  let count = 0;
  for await (const _ of openRecording(path, { damagedTail: (e) => void tails.push(e.message) })) {
    count += 1;
  }
  assert.is(count, whole.length);
  assert.is(tails.length, 1);
  assert.match(tails[0] ?? '', `line ${whole.length + 1} `);
  await appendFile(path, '\n{"kind":"actor-end","at":1,"actor":"x"}\n');
  const failures: unknown[] = [];
  const read = async (chunks: AsyncIterable<Uint8Array>) => {
    try {
      for await (const _ of readRecording(chunks)) count += 1;
    } catch (error) {
      failures.push((error as ReplicationError).code);
    }
  };
  await read(createReadStream(path, { highWaterMark: 7 }));
  await writeFile(path, 'hello\n');
  await read(createReadStream(path));
  await writeFile(path, '{"kind":"actor-end","at":1,"actor":"x"}\n');
  await read(createReadStream(path));
  assert.equal(failures, ['CORRUPT', 'CORRUPT', 'CORRUPT']);
  try {
    await linesOf(join(folder, 'none.jsonl'));
    assert.unreachable();
  } catch (error) {
    assert.is((error as ReplicationError).code, 'STORE_FAILED');
  }
});

test('a disk that fails or is too slow ends the recording, with a trouble and no more', async () => {
  const entries = await eventful();
  const troubles: ReplicationError[] = [];
  const troubled = (error: ReplicationError) => void troubles.push(error);
  const common = { package: 'p', troubled };
  const feed = createFeed({ clock: new VirtualClock() });
  const nowhere = writeRecording({ ...common, feed, path: join(folder, 'no', 'such.jsonl') });
  const full = writeRecording({ ...common, feed, path: '/dev/full' });
  const path = join(folder, 'slow.jsonl');
  const slow = writeRecording({ ...common, feed, path, waitingBytesMax: 50_000 });
  feed.take(entries);
  feed.flush();
  while (troubles.length < 3) await new Promise((resolve) => setImmediate(resolve));
  for (const recording of [nowhere, full, slow]) {
    assert.instance(recording.failure, ReplicationError);
    await recording.close();
  }
  const codes = troubles.map(({ code }) => code).sort();
  assert.equal(codes, ['OVERLOADED', 'STORE_FAILED', 'STORE_FAILED']);
  feed.take(entries.slice(0, 10));
  feed.flush();
  assert.is(troubles.length, 3);
});

test('a recording that begins in the middle replays from its first keyframe', async () => {
  const entries = await eventful();
  const path = join(folder, 'middle.jsonl');
  const feed = createFeed({ clock: new VirtualClock(), entriesMax: 500 });
  feed.take(entries.slice(0, 800));
  const troubled = (error: ReplicationError) => assert.unreachable(error.message);
  const recording = writeRecording({ path, feed, package: 'p', troubled });
  for (const entry of entries.slice(800)) {
    feed.take([entry]);
    feed.flush();
  }
  await recording.close();
  const text = await readFile(path, 'utf8');
  assert.ok(text.split('\n').filter((line) => line.startsWith('{"kind":"keyframe"')).length > 2);
  const result = await replayRecording(openRecording(path));
  assert.equal(result.differences, []);
  assert.ok(result.steps > 100 && result.actors >= 4, `${result.steps} ${result.actors}`);
});

test.run();
