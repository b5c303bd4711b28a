/** Small machines on which lib/statechart once differed from XState, and some where it could. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AnyEventObject, type AnyStateMachine, assign, createMachine } from 'xstate';
import { compile } from '../../lib/statechart/compile.js';
import { logActor } from './actor-log.js';
import { SideBySide } from './side-by-side.js';

const test = suite('oddities of charts');

const made = (config: object): AnyStateMachine =>
  createMachine({ id: 'm', ...config } as never) as unknown as AnyStateMachine;

function compare(machine: AnyStateMachine, ...events: readonly (string | AnyEventObject)[]) {
  const sides = new SideBySide(machine, compile(machine, { isInspected: () => true }));
  for (const event of events) sides.step(typeof event === 'string' ? { type: event } : event);
  assert.is(sides.difference?.made, sides.difference?.wanted);
  return sides.snapshot;
}

test('a function in the place of an action is called by its own name', () => {
  const named = function named(): void {};
  compare(made({ on: { GO: { actions: [named, [() => {}][0]] } } }), 'GO');
});

test('inspectors hear of transitions that lost to another', () => {
  const region = (target: string) => ({ initial: 'x', states: { x: { on: { GO: target } } } });
  const machine = made({
    initial: 'p',
    states: {
      p: { type: 'parallel', states: { one: region('#m.out'), two: region('#m.p.two') } },
      out: {},
    },
  });
  assert.is(compare(machine, 'GO').value, 'out');
});

test('regions whose keys look like numbers are asked in the order of the value', () => {
  const note = (by: string) => ({ GO: { actions: [{ type: 'note', params: { by } }] } });
  const machine = made({
    type: 'parallel',
    states: { z: { on: note('z') }, 2: { on: note('2') }, 1: { on: note('1') } },
  });
  compare(machine, 'GO', 'GO');
});

test('a chart that is over stays over, whatever is sent to it', () => {
  const machine = made({
    context: { count: 0 },
    initial: 'a',
    on: { MORE: { actions: assign({ count: 1 } as never) }, AGAIN: '.a' },
    states: { a: { on: { END: 'over' } }, over: { type: 'final' } },
  });
  for (const event of ['MORE', 'AGAIN', 'END']) {
    assert.is(compare(machine, 'END', event).status, 'done');
  }
  assert.is(compare(machine, 'xstate.stop', 'MORE').status, 'stopped');
});

test('events that XState keeps for itself do what they do there', () => {
  const machine = made({
    initial: 'a',
    states: { a: { on: { 'xstate.error.actor.known': 'b' } }, b: {} },
  });
  const gone = { type: 'xstate.error.actor.gone', error: new Error('gone') };
  assert.is(compare(machine, gone).status, 'error');
  assert.is(compare(machine, { ...gone, type: 'xstate.error.actor.known' }).value, 'b');
  for (const type of ['*', '', 'xstate.init', 'xstate.done.state.m']) compare(machine, type);
});

test('what XState runs itself goes to the same effects', () => {
  const told: string[] = [];
  const machine = made({
    entry: 'greet',
    initial: 'a',
    states: { a: { on: { 'xstate.error.actor.known': { actions: 'tell' } } } },
  });
  const tell = () => told.push('tell');
  const compiled = compile(machine, { effects: { greet: () => told.push('greet'), tell } });
  const log = logActor(
    () => compiled,
    [{ kind: 'send', event: { type: 'xstate.error.actor.known' } }],
  );
  return log.then(() => assert.equal(told, ['greet', 'tell']));
});

test('the transition that reaches the root from inside, and the root that re-enters itself', () => {
  const tell = (by: string) => ({
    entry: { type: 'in', params: by },
    exit: { type: 'out', params: by },
  });
  const machine = made({
    ...tell('m'),
    initial: 'a',
    on: {
      SELF: { target: '#m', reenter: true },
      QUIET: '#m',
      INTO: { target: '.b', reenter: true },
    },
    states: {
      a: { ...tell('a'), on: { UP: '#m', OUT: { target: '#m', reenter: true } } },
      b: { ...tell('b'), on: { UP: '#m' } },
    },
  });
  compare(machine, 'UP', 'OUT', 'SELF', 'QUIET', 'INTO', 'UP', 'SELF');
});

test('a loop without end becomes an error on both sides, when the machine limits it', () => {
  const machine = made({
    context: { count: 0 },
    initial: 'a',
    options: { maxIterations: 7 },
    states: {
      a: { on: { GO: 'b' } },
      b: { always: { actions: assign(({ context }) => ({ count: context.count + 1 })) } },
    },
  });
  const sides = new SideBySide(machine, compile(machine, { isInspected: () => true }));
  sides.step({ type: 'GO' });
  assert.ok(sides.hasFailed);
  assert.is(sides.difference?.made, sides.difference?.wanted);
});

test.run();
