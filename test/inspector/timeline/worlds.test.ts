/** The world at a line is what all lines before it say, whichever way one came there. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeLine } from '../../../lib/inspector/json.js';
import { Timeline } from '../../../lib/inspector/timeline/timeline.js';
import { plainWorld } from '../../support/plain-world.js';
import { recordingLines } from '../../support/recording-lines.js';

const test = suite('timeline');

const encoder = new TextEncoder();

function timelineOf(lines: readonly string[], chunkBytes = 65_536): Timeline {
  const timeline = new Timeline();
  const bytes = encoder.encode(lines.join(''));
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    timeline.append(bytes.subarray(from, from + chunkBytes));
  }
  timeline.store.finish();
  timeline.read(Number.POSITIVE_INFINITY, () => 0);
  return timeline;
}

/** What the timeline says before a line, in the words of the plain reading. */
function saidAt(timeline: Timeline, line: number) {
  const world = timeline.worldAt(line);
  const reports = [...world.nodes]
    .filter(([, { report }]) => report !== null)
    .map(([node, { report }]) => [node, report?.report] as const);
  const actors = [...world.actors].map(([id, actor]) => {
    const { value, context } = timeline.actors.at(actor, line);
    return [id, { value, context, ended: actor.endedAt !== null }] as const;
  });
  const changes = [...world.changes].map(([key, { stage }]) => [key, stage] as const);
  return { reports, actors, changes };
}

function plainAt(texts: readonly string[], line: number) {
  const world = plainWorld(texts, line);
  const actors = [...world.actors].map(([id, { value, context, ended }]) => {
    return [id, { value, context, ended }] as const;
  });
  return { reports: [...world.reports], actors, changes: [...world.changes] };
}

const sorted = (said: ReturnType<typeof plainAt> | ReturnType<typeof saidAt>) =>
  Object.entries(said).map(([part, pairs]) => [
    part,
    [...(pairs as ReadonlyArray<readonly [string, unknown]>)].sort(([a], [b]) =>
      a < b ? -1 : Number(a > b),
    ),
  ]);

test('at any line, in any order of asking, the world is what all lines before it say', () => {
  const recording = fc.record({
    changes: fc.integer({ min: 1, max: 60 }),
    slaves: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
  });
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 4,
    maxLength: 8,
  });
  fc.assert(
    fc.property(recording, places, (options, asked) => {
      const lines = [...recordingLines(options)];
      const texts = lines.map((line) => line.trimEnd());
      const timeline = timelineOf(lines);
      assert.is(timeline.store.end, lines.length);
      for (const place of asked) {
        const line = Math.round(place * lines.length);
        assert.equal(sorted(saidAt(timeline, line)), sorted(plainAt(texts, line)), `line ${line}`);
      }
    }),
    { numRuns: 15 },
  );
});

test('however the bytes are cut, the lines are the same', () => {
  const lines = [...recordingLines({ changes: 12, slaves: 2 })];
  const whole = timelineOf(lines);
  for (const chunkBytes of [1, 7, 997]) {
    const cut = timelineOf(lines, chunkBytes);
    assert.is(cut.store.end, whole.store.end);
    for (let line = 0; line < whole.store.end; line += 1) {
      assert.is(cut.store.textAt(line), whole.store.textAt(line));
      assert.is(cut.store.codeAt(line), whole.store.codeAt(line));
      assert.is(cut.store.timeAt(line), whole.store.timeAt(line));
    }
  }
});

test('the index reads of a line what parsing it would', () => {
  const lines = [...recordingLines({ changes: 20, slaves: 3 })];
  const { store } = timelineOf(lines);
  for (const [number, text] of lines.entries()) {
    const { kind, at, ...rest } = JSON.parse(text);
    assert.is(store.timeAt(number), at);
    const owner = Object.values(rest)[0];
    assert.is(store.names.wordOf(store.ownerAt(number)), typeof owner === 'string' ? owner : '');
    assert.is(store.lineAt(number)?.kind, kind);
  }
});

test('what is no line of a recording is counted and passed over', () => {
  const lines = [...recordingLines({ changes: 4, slaves: 1 })];
  const broken = [...lines.slice(0, 9), 'no line\n', '{"kind":"nothing","at":1}\n', '\r\n'];
  const damaged = lines[9]?.replace('"node":', '"node"') ?? '';
  const timeline = timelineOf([...broken, damaged, ...lines.slice(9)]);
  assert.is(timeline.store.unreadable, 2);
  assert.is(timeline.store.end, lines.length + 1);
  assert.is(timeline.store.lineAt(9), undefined);
  assert.equal(
    sorted(saidAt(timeline, timeline.store.end)),
    sorted(
      plainAt(
        lines.map((line) => line.trimEnd()),
        lines.length,
      ),
    ),
  );
});

test('a keyframe is where reading may begin: all before it is replaced by what it says', () => {
  const lines = [...recordingLines({ changes: 6, slaves: 2 })];
  const texts = lines.map((line) => line.trimEnd());
  const until = timelineOf(lines).worldAt(lines.length);
  const nodes = [...until.nodes.values()].flatMap(({ entry, report }) =>
    report === null ? [entry] : [entry, report],
  );
  const entries = [...nodes, ...[...until.actors.values()].map(({ entry }) => entry)];
  const keyframe = writeLine({ kind: 'keyframe', at: until.at, entries });
  const after = [...recordingLines({ changes: 9, slaves: 2 })].slice(lines.length);
  assert.ok(after.length > 10);
  const begun = timelineOf([lines[0] ?? '', `${keyframe}\n`, ...after]);
  const plain = plainAt(
    [texts[0] ?? '', keyframe, ...after.map((line) => line.trimEnd())],
    2 + after.length,
  );
  assert.equal(sorted(saidAt(begun, 2 + after.length)), sorted(plain));
});

test('past its limit the oldest lines go, and every moment that stays says the same', () => {
  const lines = [...recordingLines({ changes: 700, slaves: 8 })];
  const texts = lines.map((line) => line.trimEnd());
  const timeline = new Timeline({ bytesMax: 12 * 1024 * 1024 });
  const bytes = encoder.encode(lines.join(''));
  for (let from = 0; from < bytes.length; from += 1024 * 1024) {
    timeline.append(bytes.subarray(from, from + 1024 * 1024));
    timeline.read(Number.POSITIVE_INFINITY, () => 0);
  }
  const { first, end, bytes: kept } = timeline.store;
  assert.ok(first > 1000, 'nothing was dropped: the check would be vacuous');
  assert.ok(kept <= 16 * 1024 * 1024, `${kept} bytes are kept`);
  assert.is(end, lines.length);
  for (const line of [first, first + 1, Math.floor((first + end) / 2), end]) {
    assert.equal(sorted(saidAt(timeline, line)), sorted(plainAt(texts, line)), `line ${line}`);
  }
});

test('steps forward and back stop at what is wanted, and at the ends', () => {
  const timeline = timelineOf([...recordingLines({ changes: 5, slaves: 2 })]);
  const isChange = (line: number) => timeline.isKind(line, 'change');
  const lines: number[] = [];
  for (let line = timeline.nextLine(-1, 1, isChange); line < timeline.store.end; ) {
    lines.push(line);
    line = timeline.nextLine(line, 1, isChange);
  }
  assert.ok(lines.length >= 10);
  assert.ok(lines.every((line) => timeline.store.lineAt(line)?.kind === 'change'));
  assert.is(timeline.nextLine(lines[3] ?? 0, -1, isChange), lines[2]);
  assert.is(timeline.nextLine(lines[0] ?? 0, -1, isChange), timeline.store.first);
});

test.run();
