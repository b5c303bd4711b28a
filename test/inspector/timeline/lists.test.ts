/** Changes, messages, lag and rates: what the lists say is what the lines say. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry, MessageEntry } from '../../../lib/inspector/entries.js';
import { writeLine } from '../../../lib/inspector/json.js';
import {
  fateOf,
  lifelineKey,
  type MessageRow,
} from '../../../lib/inspector/timeline/message-pairs.js';
import { Timeline } from '../../../lib/inspector/timeline/timeline.js';
import { recordingEntries, recordingLines } from '../../support/recording-lines.js';

const test = suite('timeline lists');

const encoder = new TextEncoder();

function timelineOf(lines: Iterable<string>): Timeline {
  const timeline = new Timeline();
  timeline.append(encoder.encode([...lines].join('')));
  timeline.read(Number.POSITIVE_INFINITY, () => 0);
  return timeline;
}

const timelineOfEntries = (entries: readonly Entry[]): Timeline =>
  timelineOf(entries.map((entry) => `${writeLine(entry)}\n`));

function allPairs(timeline: Timeline): readonly MessageRow[] {
  const world = timeline.worldAt(timeline.store.end);
  return timeline.pairs(world, 0, timeline.messages.count).rows;
}

test('every change is listed once, with its stages, its votes and the reason of a veto', () => {
  const options = { changes: 200, slaves: 3, vetoes: 0.2 };
  const timeline = timelineOf(recordingLines(options));
  const { changes, store } = timeline;
  assert.is(changes.tracks.length, 200);
  const views = changes.tracks.map((track) => changes.viewAt(track, store.end, 0));
  const vetoed = views.filter((view) => view?.entry.stage === 'aborted');
  assert.ok(vetoed.length > 10 && vetoed.length < 60, `${vetoed.length} vetoes`);
  for (const view of vetoed) {
    assert.is(view?.vetoes.length, 1);
    assert.is(view?.vetoes[0]?.reason, 'the new route has no upstream');
    assert.is(view?.entry.problem?.code, 'VETOED');
    assert.is(view?.votes.no, 1);
  }
  for (const view of views) {
    const sum = view?.stages.reduce((total, { durationMs }) => total + durationMs, 0) ?? -1;
    assert.ok(Math.abs(sum - (view?.totalMs ?? 0)) < 0.001, 'the stages are not the whole');
  }
});

test('at an earlier moment a change is as it was, and a later one is not there', () => {
  const { changes, store, ...timeline } = timelineOf(recordingLines({ changes: 20, slaves: 2 }));
  assert.ok(timeline);
  const [track] = changes.tracks;
  if (track === undefined) throw new Error('no change');
  for (const [index, line] of track.lines.entries()) {
    assert.is(changes.viewAt(track, line, 0)?.entry.stage, track.moments[index - 1]?.stage);
    const now = store.timeAt(line) + 5;
    const view = changes.viewAt(track, line + 1, now);
    assert.is(view?.entry.stage, track.moments[index]?.stage);
    const isOver = index === track.lines.length - 1;
    assert.is(view?.totalMs, (isOver ? now - 5 : now) - (track.moments[0]?.at ?? 0));
  }
  assert.is(changes.begunBefore(track.lines[0] ?? 0), 0);
  assert.is(changes.begunBefore(store.end), 20);
});

test('without loss each message that was sent arrives everywhere it was sent to', () => {
  const timeline = timelineOf(recordingLines({ changes: 60, slaves: 4, loss: 0 }));
  const rows = allPairs(timeline);
  assert.ok(rows.length > 400);
  assert.ok(
    rows.every(({ isSeenSent }) => isSeenSent),
    'an arrival found no sending',
  );
  for (const row of rows) {
    for (const target of row.targets) assert.is.not(target.line, null, `${row.name} ${row.line}`);
  }
});

test('what was lost is marked lost, after a while, and nothing else is', () => {
  const options = { changes: 120, slaves: 3, loss: 0.1 };
  const entries = [...recordingEntries(options)];
  const sent = entries.filter((entry) => entry.kind === 'message' && entry.fate === 'sent');
  const copies = sent.reduce((sum, entry) => sum + (entry as MessageEntry).peers.length, 0);
  const arrived = entries.filter((entry) => entry.kind === 'message' && entry.fate === 'received');
  const timeline = timelineOf(recordingLines(options));
  const later = timeline.store.clockAt(timeline.store.end - 1) + 3000;
  const fates = allPairs(timeline).flatMap((row) =>
    row.targets.map((target) => fateOf(row, target, timeline.store.end, later)),
  );
  const count = (fate: string) => fates.filter((each) => each === fate).length;
  assert.ok(copies - arrived.length > 50, 'hardly anything was lost');
  assert.is(count('arrived'), arrived.length);
  assert.is(count('lost') + count('unseen'), copies - arrived.length);
  assert.ok(count('lost') > count('unseen') * 10, 'the other end of most is known');
});

test('what was lost at its first sending and arrived when it was sent again is told apart', () => {
  const entries = [...recordingEntries({ changes: 1, slaves: 2, loss: 0, vetoes: 0 })];
  const isAck = (entry: Entry): entry is MessageEntry =>
    entry.kind === 'message' && entry.name === 'ack';
  const [sending, arrival] = entries.filter(isAck);
  if (sending === undefined || arrival === undefined) throw new Error('no ack');
  const others = entries.filter((entry) => !isAck(entry));
  const from = arrival.at + 10_000;
  const again = { ...sending, at: from };
  const first = timelineOfEntries([...others, sending, again, { ...arrival, at: from + 1 }]);
  const acks = allPairs(first).filter(({ name }) => name === 'ack');
  // Nothing tells two equal messages apart: the older one counts as the one that arrived.
  assert.equal(
    acks.map(({ targets }) => targets.map(({ line }) => line !== null)),
    [[true], [false]],
  );
});

test('an arrival that was told of before its sending finds it: processes send their lines in parts', () => {
  const entries = [...recordingEntries({ changes: 8, slaves: 3, loss: 0 })];
  const isArrival = (entry: Entry) => entry.kind === 'message' && entry.fate === 'received';
  const nodes = entries.filter(({ kind }) => kind === 'node');
  const others = entries.filter((entry) => !isArrival(entry) && entry.kind !== 'node');
  const timeline = timelineOfEntries([...nodes, ...entries.filter(isArrival), ...others]);
  const rows = allPairs(timeline);
  assert.ok(rows.length > 30);
  assert.ok(
    rows.every(({ isSeenSent }) => isSeenSent),
    'an arrival stands alone',
  );
  assert.ok(rows.every(({ targets }) => targets.every(({ line }) => line !== null)));
});

test('a header tells of its reader: the recording begins with what it holds', () => {
  const [first, ...entries] = [...recordingEntries({ changes: 2, slaves: 1 })];
  if (first === undefined) throw new Error('no entry');
  const at = first.at + 1_000_000;
  const header = { format: 1, package: 'generated', payloads: false } as const;
  const lines = [{ kind: 'replichart-recording', at, ...header } as const, first, ...entries];
  const { store } = timelineOf(lines.map((line) => `${writeLine(line)}\n`));
  assert.is(store.clockAt(0), first.at);
  assert.is(store.clockAt(store.end - 1), entries.at(-1)?.at);
});

test('a first keyframe of no time makes no range of decades', () => {
  const entries = [...recordingEntries({ changes: 2, slaves: 1 })];
  const lines: Entry[] = [{ kind: 'keyframe', at: 0, entries: [] }, ...entries];
  const { store, series } = timelineOf(lines.map((line) => `${writeLine(line)}\n`));
  assert.is(store.clockAt(0), entries[0]?.at);
  const to = store.clockAt(store.end - 1);
  const total = (from: number): number => {
    const { lines: plotted } = series.rates(from, to + 1000, 1);
    const rate = plotted.find(({ name }) => name === 'messages')?.values[0] ?? 0;
    return rate * (Math.floor((to + 1000) / 1000) - Math.floor(from / 1000));
  };
  // A range since 1970, as a host with a wrong clock makes it, counts the same messages.
  assert.ok(total(store.clockAt(0)) > 0);
  assert.ok(Math.abs(total(0) - total(store.clockAt(0))) < 0.01, `${total(0)}`);
});

test('an ignored message is marked so, with the reason', () => {
  const entries = [...recordingEntries({ changes: 2, slaves: 2, loss: 0, vetoes: 0 })];
  const changed = entries.map((entry): Entry => {
    if (entry.kind !== 'message' || entry.fate !== 'received' || entry.name !== 'ack') return entry;
    return { ...entry, fate: 'ignored', reason: 'of an earlier incarnation' };
  });
  const timeline = timelineOfEntries(changed);
  const acks = allPairs(timeline).filter(({ name }) => name === 'ack');
  assert.ok(acks.length > 2);
  for (const row of acks) {
    const [target] = row.targets;
    if (target === undefined) throw new Error('no target');
    assert.is(fateOf(row, target, timeline.store.end, row.at), 'ignored');
    assert.is(target.reason, 'of an earlier incarnation');
  }
});

test('a slave that no inspector saw is no loss', () => {
  const entries = [...recordingEntries({ changes: 6, slaves: 2, loss: 0 })];
  const unseen = entries.filter((entry) => !('node' in entry) || entry.node !== 'slave-2');
  const timeline = timelineOfEntries(unseen);
  const later = timeline.store.clockAt(timeline.store.end - 1) + 60_000;
  const fates = allPairs(timeline)
    .filter(({ name }) => name === 'announce')
    .flatMap((row) =>
      row.targets.map(
        (target) => [target, fateOf(row, target, timeline.store.end, later)] as const,
      ),
    );
  const of2 = fates.filter(
    ([target]) => target.lifeline !== lifelineKey('slave', 'settings', 'slave-1'),
  );
  assert.ok(of2.length > 0);
  assert.ok(
    of2.every(([, fate]) => fate === 'unseen'),
    'called lost without knowing',
  );
});

test('lag and rates: the highest of each column, and as many as happened', () => {
  const timeline = timelineOf(recordingLines({ changes: 300, slaves: 2, loss: 0.2 }));
  const { series, store } = timeline;
  const from = store.clockAt(0);
  const to = store.clockAt(store.end - 1);
  const fine = series.lag(from, to, 4000);
  const coarse = series.lag(from, to, 10);
  assert.equal(
    fine.lines.map(({ name }) => name),
    ['slave-1', 'slave-2'],
  );
  for (const [index, { values }] of fine.lines.entries()) {
    const highest = Math.max(...values.map((value) => value ?? 0));
    assert.ok(highest > 0, 'nobody was ever behind');
    assert.is(Math.max(...(coarse.lines[index]?.values ?? []).map((value) => value ?? 0)), highest);
  }
  const seconds = Math.ceil((to - from) / 1000);
  const start = Math.floor(from / 1000) * 1000;
  const rates = series.rates(start, start + (seconds + 1) * 1000, seconds + 1);
  const total = rates.lines.find(({ name }) => name === 'messages')?.values ?? [];
  assert.is(
    total.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    timeline.messages.count,
  );
});

test('gaps are kept as marks, and are part of the world behind them', () => {
  const entries = [...recordingEntries({ changes: 4, slaves: 1 })];
  const gap: Entry = { kind: 'gap', at: 1, node: 'master-1', count: 7, reason: 'rate' };
  const timeline = timelineOfEntries([...entries.slice(0, 20), gap, ...entries.slice(20)]);
  assert.equal(timeline.gaps, [20]);
  assert.equal(timeline.worldAt(20).gaps, []);
  assert.equal(
    timeline.worldAt(21).gaps.map(({ entry }) => entry.count),
    [7],
  );
});

test.run();
