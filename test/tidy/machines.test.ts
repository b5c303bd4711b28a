/** What a reader of the diagrams relies on: everything described, everything named. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type AnyStateMachine,
  and,
  assign,
  createMachine,
  fromPromise,
  not,
  raise,
  setup,
} from 'xstate';
import { stalePages } from '../../docs/tools/diagrams.js';
import { loadMachines, MACHINE_EXPORTS } from '../../docs/tools/machines.js';
import { drawMermaid } from '../../lib/inspector/chart/mermaid.js';
import { readChart, statesOf } from '../../lib/inspector/chart/read-chart.js';
import { machineProblems } from '../support/machine-rules.js';

const test = suite('machines');

const SETUP = setup({
  actions: { note: () => undefined },
  guards: { ready: () => true, busy: () => false },
  delays: { PATIENCE: 1000 },
});

const namedEvent = () => ({ type: 'GONE' });

const GOOD = SETUP.createMachine({
  id: 'good',
  description: 'One that keeps every rule.',
  options: { maxIterations: 100 },
  initial: 'waiting',
  states: {
    waiting: {
      description: 'Nothing has happened.',
      entry: 'note',
      on: {
        GO: {
          guard: and(['ready', not('busy')]),
          target: 'done',
          actions: ['note', raise({ type: 'GONE' }), raise(namedEvent)],
          description: 'P1: asked to.',
        },
      },
      after: { PATIENCE: { target: 'done', description: 'P2: nobody asked.' } },
    },
    done: { type: 'final', description: 'It is over.' },
  },
});

/** Without `setup`, since TypeScript would refuse half of this. */
const BAD = createMachine({
  id: 'bad',
  description: 'One that breaks them.',
  initial: 'first',
  states: {
    first: {
      entry: assign({}),
      on: {
        GO: { guard: () => true, target: 'second', actions: assign({}) },
        STOP: {
          actions: raise(() => ({ type: 'GONE' })),
          description: 'Raises what no name tells.',
        },
        '*': { target: 'second', description: 'Anything.' },
      },
      after: { PATIENT: { target: 'second', description: 'Misspelt.' }, 50: { target: 'second' } },
    },
    second: {
      description: 'Runs something.',
      invoke: {
        src: fromPromise(async () => undefined),
        onDone: { target: 'first', description: 'Again.' },
      },
    },
  },
});

test('the rules accept a machine that keeps them', () => {
  assert.equal(machineProblems(readChart(GOOD as unknown as AnyStateMachine)), []);
});

test('the rules name everything that is wrong with one that does not', () => {
  assert.equal(machineProblems(readChart(BAD as unknown as AnyStateMachine)).sort(), [
    'bad first: has an inline entry action',
    'bad first: has no description',
    'bad first: transition * swallows every event, failures of actors included',
    'bad first: transition GO has an inline action',
    'bad first: transition GO has an inline guard',
    'bad first: transition GO has no description',
    'bad first: transition STOP has an inline action',
    'bad first: transition after 50 has a delay without a name',
    'bad first: transition after 50 has no description',
    'bad first: transition after PATIENT waits for PATIENT, which is not implemented',
    'bad second: invokes inline logic',
    'bad: options.maxIterations is not set: an endless loop hangs the host',
  ]);
});

test('a diagram shows event, guard, delay and end', () => {
  const drawn = drawMermaid(readChart(GOOD as unknown as AnyStateMachine)).split('\n');
  assert.ok(drawn.includes('  s_waiting --> s_done: GO [(ready and not busy)]'), drawn.join('\n'));
  assert.ok(drawn.includes('  s_waiting --> s_done: after PATIENCE'), drawn.join('\n'));
  assert.ok(drawn.includes('  s_done --> [*]'), drawn.join('\n'));
});

for (const name of Object.values(MACHINE_EXPORTS)) {
  test(`${name} is described, named and bounded throughout`, async () => {
    const machine = (await loadMachines()).get(name);
    assert.ok(machine, `${name} is not exported`);
    const chart = readChart(machine as AnyStateMachine);
    assert.ok(statesOf(chart.root).length > 3, 'it has hardly any states');
    assert.equal(machineProblems(chart), []);
  });
}

test('every other machine that machines/index exports keeps the rules as well', async () => {
  const charts = [...(await loadMachines()).values()].map(readChart);
  assert.equal(charts.flatMap(machineProblems), []);
});

test('the diagrams in docs/machines are current (npm run diagrams)', async () => {
  assert.equal(await stalePages(), []);
});

test.run();
