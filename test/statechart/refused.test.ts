/** What lib/statechart does not run is refused when a machine is compiled, not amid its events. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AnyStateMachine,
  and,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  or,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate';
import { compile } from '../../lib/statechart/compile.js';

const test = suite('refused charts');

const idle = fromPromise(() => Promise.resolve());

const made = (config: object, implementations = {}): AnyStateMachine =>
  createMachine({ id: 'm', ...config } as never, implementations) as unknown as AnyStateMachine;

/** A machine of the states a and b; `a` is given. */
const withState = (a: object, implementations = {}): AnyStateMachine =>
  made({ initial: 'a', states: { a, b: {} } }, implementations);

const regions = { p: { initial: 'x', states: { x: {}, y: {} } }, q: {} };

const STATES: Readonly<Record<string, readonly [AnyStateMachine, string]>> = {
  'history states': [
    withState({ initial: 'x', states: { x: {}, h: { type: 'history' } } }),
    '#m.a.h has a history state, which is not compiled',
  ],
  'invoked actors': [
    withState({ invoke: { src: idle } }),
    '#m.a has an invoked actor, which is not compiled',
  ],
  'final states inside': [
    withState({ initial: 'x', states: { x: { type: 'final' } } }),
    '#m.a.x has a final state inside, which is not compiled',
  ],
  'final regions': [
    made({ type: 'parallel', states: { a: { type: 'final' }, b: {} } }),
    '#m.a has a final state inside, which is not compiled',
  ],
  'outputs of final states': [
    made({ initial: 'a', output: 1, states: { a: {}, b: { type: 'final' } } }),
    '#m has an output, which is not compiled',
  ],
  'onDone of a state': [
    withState({ initial: 'x', states: { x: {} }, onDone: 'b' }),
    '#m.a has an onDone, which is not compiled',
  ],
  wildcards: [
    withState({ on: { '*': 'b' } }),
    '#m.a has a transition on "*", which is not compiled',
  ],
  'partial wildcards': [
    withState({ on: { 'news.*': 'b' } }),
    '#m.a has a transition on "news.*", which is not compiled',
  ],
  'targets inside each other': [
    withState({ type: 'parallel', states: regions, on: { GO: { target: ['#m.a', '#m.a.p.y'] } } }),
    '#m.a has targets that exclude each other, which is not compiled',
  ],
  'targets of one compound state': [
    withState({
      type: 'parallel',
      states: regions,
      on: { GO: { target: ['#m.a.p.x', '#m.a.p.y'] } },
    }),
    '#m.a has targets that exclude each other, which is not compiled',
  ],
  'ids that two states have': [
    made({ initial: 'a', states: { a: { id: 'same' }, b: { id: 'same' } } }),
    '#same has an id that another state has, which is not compiled',
  ],
};

const guarded = (guard: unknown, guards = {}) => withState({ on: { GO: { guard } } }, { guards });
const acting = (actions: unknown, named = {}) =>
  withState({ on: { GO: { actions } } }, { actions: named });

const NAMED = 'guard "g" of m cannot be compiled';
const INLINE = 'guard "" of m cannot be compiled';
const CALLS: Readonly<Record<string, readonly [AnyStateMachine, string]>> = {
  'guards made with and': [guarded(and(['x'])), INLINE],
  'guards made with or': [guarded('g', { g: or(['x']) }), NAMED],
  'guards made with not': [guarded({ type: 'g' }, { g: not('x') }), NAMED],
  'guards made with stateIn': [guarded(stateIn('#m.a')), INLINE],
  'guards without an implementation': [guarded('g'), NAMED],
  'guards that name another': [guarded('g', { g: 'h', h: () => true }), NAMED],
  enqueueActions: [
    acting(enqueueActions(() => {})),
    'xstate.enqueueActions of m cannot be compiled',
  ],
  emit: [acting(emit({ type: 'E' })), 'xstate.emit of m cannot be compiled'],
  log: [acting('say', { say: log('x') }), 'xstate.log of m cannot be compiled'],
  sendTo: [acting(sendTo('x', { type: 'E' })), 'xstate.sendTo of m cannot be compiled'],
  spawnChild: [acting(spawnChild(idle)), 'xstate.spawnChild of m cannot be compiled'],
  stopChild: [acting(stopChild('x')), 'xstate.stopChild of m cannot be compiled'],
};

for (const [what, [machine, message]] of Object.entries({ ...STATES, ...CALLS })) {
  test(`${what} are refused by name`, () => {
    assert.throws(
      () => compile(machine),
      (error: unknown) =>
        error instanceof TypeError && assert.is(error.message, message) === undefined,
    );
  });
}

test('a refused action is found wherever it is', () => {
  const refused = emit({ type: 'E' });
  const places: readonly object[] = [
    { entry: refused },
    { exit: refused },
    { always: { guard: () => false, actions: refused } },
    { after: { 5: { actions: refused } } },
    { initial: { target: 'x', actions: refused }, states: { x: {} } },
    { initial: 'x', states: { x: { entry: refused } } },
  ];
  for (const place of places) assert.throws(() => compile(withState(place)), /xstate\.emit of m/);
});

test.run();
