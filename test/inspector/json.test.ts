/** Lines of recordings: every value comes back, and no stranger's line does harm. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import type { ActorEntry, Line, TroubleEntry } from '../../lib/inspector/entries.js';
import { readLine, writeLine } from '../../lib/inspector/json.js';
import { keptValue, LeftOutBytes, Unshown } from '../../lib/inspector/lines/kept-value.js';

const test = suite('lines of a recording');

function actorWith(context: unknown): ActorEntry {
  const names = { node: 'n', actor: 'a', name: 'master', machine: null, parent: null };
  return { kind: 'actor', at: 1.5, ...names, value: { serving: 'idle' }, context };
}

function contextAfter(context: unknown): unknown {
  return (readLine(writeLine(actorWith(context))) as ActorEntry).context;
}

test('values that JSON does not know come back as they were', () => {
  const odd = {
    none: undefined,
    numbers: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1.5],
    big: 2n ** 70n,
    when: new Date(5),
    map: new Map<unknown, unknown>([['a', new Set([1n])]]),
    nested: [{ $bytes: 'mine' }, { $$x: { $set: [] } }, { $: 1, b: 2 }],
    bytes: new LeftOutBytes(12),
    code: new Unshown('function f'),
  };
  assert.equal(contextAfter(odd), odd);
  const [never] = contextAfter([new Date(Number.NaN)]) as Date[];
  assert.ok(never instanceof Date && Number.isNaN(never.getTime()));
  assert.ok(Object.is((contextAfter([-0]) as number[])[0], -0));
  const own = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
  const read = contextAfter(keptValue(own)) as object;
  assert.equal(Object.keys(read), ['__proto__', 'constructor']);
  assert.is(Object.getPrototypeOf(read), Object.prototype);
});

test('a moment that no calendar has, and less than nothing of something, are refused', () => {
  const gap = (part: object) => JSON.stringify({ kind: 'gap', at: 1, node: '', ...part });
  const one = { count: 1, reason: 'rate' };
  assert.is(readLine(gap(one)).kind, 'gap');
  for (const at of [1e300, -1]) assert.throws(() => readLine(gap({ ...one, at })), /\.at is not/);
  for (const count of [-5, 0.5, 1e300]) {
    assert.throws(() => readLine(gap({ ...one, count })), /\.count is not/);
  }
});

test('bytes are their length, or base64 where they are asked for', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const line = writeLine(actorWith(keptValue({ bytes })));
  assert.ok(line.includes('{"$bytes":3}'), line);
  const whole = writeLine(actorWith(keptValue({ bytes }, { payloads: true })));
  assert.ok(whole.includes('{"$bytes":"AQID"}'), whole);
  assert.equal(contextAfter(keptValue({ bytes }, { payloads: true })), { bytes });
});

test('what was seen is a copy, bounded, and safe from getters, cycles and classes', () => {
  class Connection {
    readonly socket = 'open';
  }
  const cycle: Record<string, unknown> = { connection: new Connection(), call: () => {} };
  cycle.self = cycle;
  const kept = keptValue(cycle) as typeof cycle;
  assert.equal(kept.connection, new Unshown('Connection'));
  assert.equal(kept.call, new Unshown('function call'));
  assert.ok(writeLine(actorWith(kept)).includes('too deep'));
  const bad = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  assert.equal(keptValue(bad), new Unshown('it cannot be read: no'));
  const list = { list: [1] };
  const before = keptValue(list);
  list.list.push(2);
  assert.equal(before, { list: [1] });
});

test('kind is first and at second', () => {
  const trouble = { code: 'TIMEOUT', reason: 'r', heuristic: false };
  const entry: TroubleEntry = { node: 'n', trouble, at: 2, kind: 'trouble' };
  assert.ok(writeLine(entry).startsWith('{"kind":"trouble","at":2,'));
  assert.equal(readLine(writeLine(entry)), entry);
});

test('a foreign or damaged line is CORRUPT with its number, and nothing else', () => {
  const good = writeLine(actorWith({ a: 1 }));
  const wrong = [
    '',
    'null',
    '[]',
    '5',
    '{}',
    '{"kind":"node","at":1}',
    '{"kind":"__proto__","at":1}',
    '{"kind":"actor-end","at":"now","actor":"a"}',
    '{"kind":"keyframe","at":1,"entries":[{"kind":"keyframe","at":1,"entries":[]}]}',
    '{"kind":"trouble","at":1,"node":{"$map":1},"trouble":{}}',
    '{"kind":"trouble","at":1,"node":{"$bigint":"x"},"trouble":{}}',
    '{"kind":"trouble","at":1,"node":{"$toString":"x"},"trouble":{}}',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `{"kind":"actor-end","at":1,"actor":"a","x":${'{"y":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    good.slice(0, -3),
    good.replace('"name":"master"', '"name":7'),
    good.replace('{"serving":"idle"}', '{"serving":[]}'),
  ];
  for (const text of wrong) {
    try {
      const read: Line = readLine(text, 7);
      assert.unreachable(`${text.slice(0, 80)} was read as ${read.kind}`);
    } catch (error) {
      assert.instance(error, ReplicationError);
      assert.is((error as ReplicationError).code, 'CORRUPT', text.slice(0, 80));
      assert.match((error as ReplicationError).message, 'line 7 is not of a recording');
    }
  }
});

test.run();
