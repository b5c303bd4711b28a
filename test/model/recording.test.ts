/** What breaks in the model can be opened in the inspector, and fed to the machines again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readLine } from '../../lib/inspector/json.js';
import { replayRecording } from '../../lib/inspector/recording/replay-recording.js';
import { masterMachine, slaveMachine } from '../../machines/index.js';
import { hunt } from './check.js';
import { MUTANTS } from './mutants.js';

const test = suite('recordings of the model');

for (const name of ['one yes is enough', 'a yes leaves before its promise is durable']) {
  test(`the way to a mistake replays on the machine that makes it: ${name}`, async () => {
    const mutant = MUTANTS.find((each) => each.name === name);
    assert.ok(mutant !== undefined, 'no such mutant');
    const { finding } = hunt(mutant, { records: true });
    const lines = (finding?.recording ?? []).map((text, index) => ({
      line: readLine(text, index + 1),
      number: index + 1,
    }));
    const machines = [mutant.master ?? masterMachine, mutant.slave ?? slaveMachine];
    const { differences, steps, unknown } = await replayRecording(lines, { machines });
    assert.equal(differences, []);
    assert.equal(unknown, []);
    assert.ok(steps >= (finding?.steps ?? 0) / 2, `${steps} steps in ${finding?.steps}`);
    const last = lines.at(-1)?.line;
    assert.ok(last?.kind === 'trouble', `the last is ${last?.kind}`);
    assert.is(last.trouble.reason, `${finding?.promise}: ${finding?.how}`);
    const kinds = new Set(lines.map(({ line }) => line.kind));
    for (const kind of ['node', 'machine', 'actor', 'step', 'message'] as const) {
      assert.ok(kinds.has(kind), `${kind} is missing`);
    }
  });
}

test('nothing is recorded unless it is asked for', () => {
  const mutant = MUTANTS.find(({ name }) => name === 'one yes is enough');
  assert.ok(mutant !== undefined, 'no such mutant');
  assert.is(hunt(mutant).finding?.recording, undefined);
});

test.run();
