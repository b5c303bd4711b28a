/** The validator's verdict and reason are those of the command, whatever the command does. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Validator } from '../../lib/cli/validator.js';
import { Veto } from '../../lib/errors.js';
import { eventually, withFolder } from '../support/cli-folder.js';
import { isAlive } from '../support/cli-process.js';

const test = suite('command: validator');

const TIMEOUT_MS = 10_000;

/** The reason for which `command` refuses `text`, null when it accepts. */
async function verdict(
  command: string,
  text = '{"a":1}',
  timeoutMs = TIMEOUT_MS,
): Promise<string | null> {
  const validator = new Validator({ command, timeoutMs });
  try {
    await validator.check(text);
    return null;
  } catch (error) {
    if (error instanceof Veto) return error.message;
    throw error;
  } finally {
    await validator.close();
  }
}

test('exit code 0 accepts, any other refuses with the last line of stderr', async () => {
  assert.is(await verdict('true'), null);
  assert.is(
    await verdict('echo first >&2; echo "port is taken" >&2; echo >&2; exit 3; :'),
    'port is taken',
  );
  assert.is(await verdict('exit 4; :'), 'the validator ended with exit code 4');
  assert.is(await verdict('kill -9 $$; :'), 'the validator was ended by SIGKILL');
});

test('the candidate is appended, is $1, and is in the environment', async () => {
  assert.is(await verdict('grep -q \'"a":1\''), null);
  assert.is(await verdict('test "$(cat "$1")" = \'{"a":1}\' && true'), null);
  assert.is(await verdict('grep -q \'"a":1\' "$REPLICHART_CANDIDATE"'), null);
  assert.match((await verdict('grep -q \'"a":2\'')) ?? '', /exit code 1/);
  const quoted = '{"text":"$(exit 1) `exit 1` \' \\" ; exit 1"}';
  assert.is(await verdict('grep -q text', quoted), null);
});

test('a command that does not exist refuses, and says which', async () => {
  assert.match((await verdict('no-such-command-here')) ?? '', /no-such-command-here.*not found/);
});

test('a command that takes too long is stopped, its children too', async () => {
  await withFolder(async (folder) => {
    const pidFile = join(folder, 'pid');
    const command = `sh -c 'echo $$ > "${pidFile}"; sleep 600 & wait' ; :`;
    const startedMs = performance.now();
    const reason = await verdict(command, '1', 700);
    assert.match(reason ?? '', /longer than 700 ms and was stopped/);
    assert.ok(performance.now() - startedMs < 5000);
    const pid = Number(await readFile(pidFile, 'utf8'));
    assert.ok(pid > 0);
    await eventually(
      () => `the inner shell ${pid} is alive`,
      5000,
      () => !isAlive(pid),
    );
  });
});

test('output without end is bounded, and cannot steer a terminal', async () => {
  const reason = await verdict(
    'yes 0123456789 | head -c 3000000 >&2; printf "\\n\\033[31mred\\007\\n" >&2; exit 1; :',
  );
  assert.is(reason, 'red');
  const long = await verdict('head -c 100000 /dev/zero | tr "\\0" x >&2; exit 1; :');
  assert.is(long?.length, 500);
});

test('a background job that keeps stderr open does not hold up the vote', async () => {
  const startedMs = performance.now();
  assert.is(await verdict('sleep 1 & echo no >&2; exit 1; :'), 'no');
  assert.ok(performance.now() - startedMs < 900);
});

test('candidates are private and deleted after the vote', async () => {
  await withFolder(async (folder) => {
    const note = join(folder, 'note');
    assert.is(
      await verdict(`sh -c 'ls -l "$1" | cut -c1-10 > ${note}; echo "$1" >> ${note}' x "$1"`),
      null,
    );
    const [mode, path = ''] = (await readFile(note, 'utf8')).trim().split('\n');
    assert.is(mode, '-rw-------');
    assert.match(path, /candidate-1\.json$/);
    assert.not.ok(existsSync(path));
  });
});

test.run();
