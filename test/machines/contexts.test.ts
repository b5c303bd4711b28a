/** Contexts stay small enough for XState to copy them cheaply: it does at every assignment. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AnyStateMachine, createActor } from 'xstate';
import { masterMachine, nodeMachine, sessionMachine, slaveMachine } from '../../machines/index.js';

const test = suite('contexts of the machines');

/** With one more, V8 makes the target of `Object.assign({}, context)` a dictionary. */
const KEYS_MAX = 19;

for (const machine of [masterMachine, slaveMachine, sessionMachine, nodeMachine]) {
  test(`the context of ${machine.id} has at most ${KEYS_MAX} keys`, () => {
    const { context } = createActor(machine as AnyStateMachine).getSnapshot();
    const keys = Object.keys(context);
    assert.ok(keys.length > 0 && keys.length <= KEYS_MAX, `${keys.length}: ${keys.join(', ')}`);
  });
}

test.run();
