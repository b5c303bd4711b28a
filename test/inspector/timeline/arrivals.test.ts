/** Who is silent is judged by when lines came: clocks of the hosts that tell them may be off. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entry } from '../../../lib/inspector/entries.js';
import { writeLine } from '../../../lib/inspector/json.js';
import { Timeline } from '../../../lib/inspector/timeline/timeline.js';
import { NOW_MS, slaveSight } from '../../support/sights.js';

const test = suite('arrivals');

const HOUR_MS = 3_600_000;
const encoder = new TextEncoder();

/** A slave of a host whose clock is off by so much: its beginning, and its report. */
function linesOf(id: string, offMs: number): readonly Entry[] {
  const { entry, report } = slaveSight(id);
  if (report === null) throw new Error('this slave reports');
  return [
    { ...entry, at: NOW_MS + offMs },
    { ...report, at: NOW_MS + offMs },
  ];
}

function arrive(timeline: Timeline, entries: readonly Entry[], nowMs: number): void {
  timeline.arrive(encoder.encode(entries.map((entry) => `${writeLine(entry)}\n`).join('')), nowMs);
  timeline.read(Number.POSITIVE_INFINITY, () => 0);
}

function heard(timeline: Timeline): Record<string, number | null> {
  const { nodes } = timeline.worldAt(timeline.store.end);
  return Object.fromEntries(
    [...nodes.values()].map(({ entry, heardLine }) => [
      entry.id,
      heardLine === null ? null : timeline.arrivedAt(heardLine),
    ]),
  );
}

test('one host whose clock is an hour ahead, and one an hour behind, are heard when they come', () => {
  const timeline = new Timeline();
  arrive(timeline, linesOf('right', 0), NOW_MS);
  arrive(timeline, linesOf('ahead', HOUR_MS), NOW_MS + 5000);
  arrive(timeline, linesOf('behind', -HOUR_MS), NOW_MS + 6000);
  assert.equal(heard(timeline), {
    right: NOW_MS,
    ahead: NOW_MS + 5000,
    behind: NOW_MS + 6000,
  });
});

test('what was kept until somebody looked is as old as it says, and no younger', () => {
  const timeline = new Timeline();
  arrive(timeline, linesOf('long-ago', -HOUR_MS), NOW_MS);
  assert.equal(heard(timeline), { 'long-ago': NOW_MS - HOUR_MS });
});

test('a keyframe repeats a report: that is no sign of life', () => {
  const timeline = new Timeline();
  const entries = linesOf('quiet', 0);
  arrive(timeline, entries, NOW_MS);
  const before = heard(timeline);
  arrive(timeline, [{ kind: 'keyframe', at: NOW_MS, entries }], NOW_MS + HOUR_MS);
  assert.equal(heard(timeline), before);
});

test.run();
