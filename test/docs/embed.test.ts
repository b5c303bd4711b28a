/** docs/examples/embed.ts does what it says, in the number of lines it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../support/free-port.js';
import { packageRoot } from '../support/package-root.js';
import { outputOf } from '../support/run-command.js';
import { runProgram } from '../support/run-program.js';

const test = suite('the example that embeds everything');

const DIM = "{ theme: 'dim', route: 'blue' }";
const LINES_MAX = 25;
const PROGRAM_DEADLINE_MS = 100_000;

test(`it has ${LINES_MAX} lines beside imports, comments and blank ones`, () => {
  const text = readFileSync(join(packageRoot, 'docs/examples/embed.ts'), 'utf8');
  const lines = text.split('\n').filter((line) => !/^\s*(import .*|\/\/.*|\/\*\*.*)?$/.test(line));
  assert.ok(lines.length <= LINES_MAX, `${lines.length} lines`);
});

test('both slaves see each decided change once, and nothing else', async () => {
  const file = join(packageRoot, 'dist/docs/examples/embed.js');
  const env = { PORT: String(await freePort()) };
  const result = await runProgram(file, PROGRAM_DEADLINE_MS, env);
  assert.is(result.code, 0, outputOf(result));
  const lines = result.stdout.trimEnd().split('\n');
  const seenBy = (id: string) => lines.filter((line) => line.startsWith(`${id} {`));
  for (const id of ['one', 'two']) {
    assert.equal(seenBy(id), [
      `${id} { theme: 'dark', route: 'green' }`,
      `${id} { theme: 'dark', route: 'blue' }`,
      `${id} ${DIM}`,
    ]);
  }
  const others = lines.filter((line) => !/^(one|two) \{/.test(line));
  assert.is(others.length, 2, result.stdout);
  assert.match(others[0] ?? '', /nothing was changed anywhere: (one|two): no such route here/);
  assert.is(others[1], "two without its master: { theme: 'dark', route: 'blue' }");
  const [offline, caughtUp] = [lines.indexOf(others[1] ?? ''), lines.lastIndexOf(`two ${DIM}`)];
  assert.ok(offline < caughtUp, 'the copy of the disk came before the change it had missed');
});

test.run();
