/** lib/statechart against XState's own interpreter, on random charts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compile } from '../../lib/statechart/compile.js';
import { logActor, type Stimulus } from './actor-log.js';
import { DEFECTS } from './defects.js';
import { Draw } from './draw.js';
import { randomChart } from './random-chart.js';
import { randomStimuli, walk } from './walk.js';

const test = suite('compiled chart');

const base = process.env.SEED ?? String(Date.now());
const WALKS = 60;
const STEPS_PER_WALK = 25;
const ACTORS = 30;
const STIMULI_PER_ACTOR = 15;

test('random charts: every snapshot, action and microstep is as XState makes it', () => {
  let taken = 0;
  for (let walks = 0; walks < WALKS; walks += 1) {
    const seed = `${base}-${walks}`;
    const machine = randomChart(seed);
    const made = compile(machine, { isInspected: () => true });
    const { steps, difference } = walk(machine, made, new Draw(seed, 'walk'), STEPS_PER_WALK);
    const told = `seed ${seed}, ${JSON.stringify(difference?.events)}`;
    assert.is(difference?.made, difference?.wanted, told);
    taken += steps;
  }
  assert.ok(taken > (WALKS * STEPS_PER_WALK) / 2, `${taken} steps were taken`);
});

test('random actors: timers, inspection, effects, subscribers and endings are the same', async () => {
  const seen = new Set<string>();
  for (let actors = 0; actors < ACTORS; actors += 1) {
    const seed = `${base}-actor-${actors}`;
    const machine = randomChart(seed);
    const stimuli: readonly Stimulus[] = randomStimuli(new Draw(seed, 'life'), STIMULI_PER_ACTOR);
    const wanted = await logActor((actions) => machine.provide({ actions }), stimuli);
    const made = await logActor(
      (effects) => compile(machine, { effects, isInspected: () => true }),
      stimuli,
    );
    const first = wanted.findIndex((line, at) => line !== made[at]);
    assert.is(made[first], wanted[first], `seed ${seed}, line ${first}`);
    assert.is(made.length, wanted.length, `seed ${seed}`);
    for (const line of made) seen.add(line.split(/[ :]/)[0] ?? '');
    if (made.some((line) => line.includes('is cleared'))) seen.add('cleared');
  }
  for (const what of ['timer', 'cleared', 'next', 'complete', 'error']) {
    assert.ok(seen.has(what), `no actor ever had "${what}", seed ${base}`);
  }
});

for (const { what, spoil } of DEFECTS) {
  test(`a chart that runs wrong is noticed: ${what}`, () => {
    const isNoticed = Array.from({ length: WALKS }, (_, at) => `${base}-${at}`).some((seed) => {
      const spoilt = randomChart(seed);
      spoil(spoilt);
      const made = compile(spoilt, { isInspected: () => true });
      const draw = new Draw(seed, 'walk');
      return walk(randomChart(seed), made, draw, STEPS_PER_WALK).difference !== null;
    });
    assert.ok(isNoticed, `seed ${base}`);
  });
}

test.run();
