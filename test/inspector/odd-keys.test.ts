/** Keys of contexts are names of slaves, too; what another host sends may hold any (threats). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { abortReport } from '../../lib/cli/status-report.js';
import { encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';
import { KnownState } from '../../lib/inspector/collect/known-state.js';
import { changedPaths } from '../../lib/inspector/context-paths.js';
import type { Entry } from '../../lib/inspector/entries.js';

const test = suite('keys that every object has');
const NAMES = ['__proto__', 'constructor', 'toString'];

function known(context: unknown): KnownState {
  const state = new KnownState();
  const process = { pid: 1, host: 'h' };
  const about = { role: 'master', item: 'i', id: 'm', incarnation: 'n' } as const;
  state.apply({ kind: 'node', at: 1, node: 'n', ...about, process });
  const actor = { name: 'master', machine: null, parent: null, value: null, context };
  state.apply({ kind: 'actor', at: 1, node: 'n', actor: 'a', ...actor });
  return state;
}

function contextIn(state: KnownState): unknown {
  const entry = state.keyframe().entries.find(({ kind }) => kind === 'actor');
  return (entry as Extract<Entry, { kind: 'actor' }>).context;
}

test('votes of slaves called as what every object has are kept and taken away', () => {
  const before = { votes: {} };
  const after = { votes: Object.fromEntries(NAMES.map((name) => [name, { answer: 'yes' }])) };
  const state = known(before);
  const step = { kind: 'step', at: 2, actor: 'a', event: { type: 'votes' }, taken: [] } as const;
  state.apply({ ...step, changed: changedPaths(before, after) ?? {} });
  const { votes } = contextIn(state) as { votes: Record<string, unknown> };
  assert.equal(Object.keys(votes), NAMES);
  state.apply({ ...step, changed: changedPaths(after, before) ?? {} });
  assert.equal(contextIn(state), before);
});

test('changes that lead to a prototype reach no object but their own', () => {
  const state = known({});
  const step = { kind: 'step', at: 2, actor: 'a', event: { type: 'x' }, taken: [] } as const;
  const changed = JSON.parse('{"\\\\__proto__.polluted":1,"constructor.polluted":2}');
  state.apply({ ...step, changed });
  assert.is(({} as { polluted?: number }).polluted, undefined);
  assert.is((Object as { polluted?: number }).polluted, undefined);
  const context = contextIn(state) as Record<string, unknown>;
  assert.equal(Object.keys(context), ['__proto__', 'constructor']);
});

test('numbers of changes left out are numbers, however they are called', () => {
  const state = known({});
  const changes = Object.fromEntries(NAMES.map((name) => [name, 2]));
  const gap = { kind: 'gap', at: 2, node: 'n', count: 1, changes, reason: 'rate' } as const;
  for (let times = 0; times < 2; times += 1) state.apply(gap);
  const told = Object.entries(state.nodes.get('n')?.changes ?? {});
  assert.equal(
    told,
    NAMES.map((name) => [name, 4]),
  );
});

test('the report of a change that such slaves refused can be replicated', () => {
  const slaves = Object.fromEntries(
    NAMES.map((name) => [name, { stage: 'vetoed', reason: 'no' } as const]),
  );
  const report = abortReport(new ReplicationError('ABORTED', 'refused', { slaves }));
  assert.is(Object.keys(report.slaves).length, NAMES.length);
  assert.ok(encodeValue(report).includes('__proto__'));
});

test.run();
