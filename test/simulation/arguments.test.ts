/** The command line of `npm run check:simulation`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readArguments, WrongArgument } from './arguments.js';

const test = suite('simulation: arguments');

test('defaults are a thousand seeds from 1, and 200 for a hunt', () => {
  const { mode, seeds, first, common } = readArguments([]);
  assert.equal(
    { mode, seeds, first, common },
    { mode: 'seeds', seeds: 1000, first: 1, common: {} },
  );
  assert.is(readArguments(['--bugs']).seeds, 200);
  assert.is(readArguments(['--bug', 'ack-before-sync']).mode, 'bug');
});

test('a replay takes everything that a printed command holds', () => {
  const line = '--seed 7 --faults kill-slave,loss --steps 5 --slaves 2 --bug ack-before-sync';
  const { mode, first, common } = readArguments(line.split(' '));
  assert.is(mode, 'seed');
  assert.is(first, 7);
  assert.equal(common, {
    slaves: 2,
    steps: 5,
    faults: ['kill-slave', 'loss'],
    bug: 'ack-before-sync',
  });
  assert.equal(readArguments(['--seed', '7', '--faults', 'none']).common.faults, []);
});

test('a wrong argument is named with what it takes', () => {
  const wrong: ReadonlyArray<readonly [args: string[], says: RegExp]> = [
    [['--seeds', '0'], /--seeds takes a whole number from 1/],
    [['--seed', '1e3'], /--seed takes a whole number/],
    [['--faults', 'gremlins'], /there is no fault "gremlins"/],
    [['--bug', 'none'], /--bug takes one of ack-before-sync/],
    [['--sedes', '5'], /--sedes/],
  ];
  for (const [args, says] of wrong) {
    assert.throws(
      () => readArguments(args),
      (error: Error) => error instanceof WrongArgument && says.test(error.message),
    );
  }
});

test.run();
