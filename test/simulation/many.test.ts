/** The short form of `npm run check:many`: what one slave costs the master, and each other. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCommand } from '../support/run-command.js';
import { Findings } from './many/findings.js';
import { runMany } from './many/run.js';

const test = suite('many slaves');
const SLAVES = 120;
const MIB = 1024 * 1024;

test(`P15, P18: ${SLAVES} slaves join at once, beat, follow, vote, and a tenth of them stalls`, async () => {
  const lines: string[] = [];
  const options = { slaves: SLAVES, seed: 1, stateBytes: MIB / 4, isTimed: false };
  const { broken } = await runMany(options, (line) => lines.push(line));
  assert.equal(broken, []);
  assert.ok(lines.length > 40, `${lines.length} figures`);
});

test('a demand that is not met is told, and remembered for the exit code', () => {
  const lines: string[] = [];
  const findings = new Findings((line) => lines.push(line));
  findings.begin('3 slaves');
  findings.demand('current', '3', 'all 3', true);
  findings.demand('left behind', '1', 'none', false);
  assert.equal(lines, ['3 slaves: current: 3 (all 3)', 'BROKEN 3 slaves: left behind: 1 (none)']);
  assert.equal(findings.broken, ['3 slaves: left behind: 1 (none)']);
});

test('--help tells what there is, and a wrong argument what it takes', async () => {
  const main = 'dist/test/simulation/many/main.js';
  const run = (...args: string[]) =>
    runCommand(process.execPath, [main, ...args], { deadlineMs: 30_000 });
  const help = await run('--help');
  assert.is(help.code, 0);
  assert.match(help.stdout, /--slaves N/);
  const wrong = await run('--slaves', '1e4');
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /--slaves takes a whole number from 10/);
});

test.run();
