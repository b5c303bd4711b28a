/** Bad input of every kind: named, explained, with its exit code, and without a stack trace. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFolder } from '../support/cli-folder.js';
import { CLI, DEADLINE_MS } from '../support/cli-process.js';
import { type CommandResult, outputOf, runCommand } from '../support/run-command.js';

const test = suite('command: bad input');

function run(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return runCommand(process.execPath, [CLI, ...args], { deadlineMs: DEADLINE_MS, env });
}

/** Ends with `code`, says `says` on stderr, and shows no stack. */
async function refused(args: readonly string[], code: number, says: RegExp): Promise<void> {
  const result = await run(args);
  const shown = `${args.join(' ')}\n${outputOf(result)}`;
  assert.is(result.code, code, shown);
  assert.match(result.stderr, says, shown);
  assert.not.match(result.stderr, /\n\s+at /, shown);
  assert.is(result.stdout, '', shown);
}

const MASTER = ['master', 'x.json', '--listen', '127.0.0.1:0'];
const SLAVE = ['slave', '--connect', '127.0.0.1:1', '--out', 'x'];

const USAGE: ReadonlyArray<readonly [args: readonly string[], says: RegExp]> = [
  [['nonsense'], /unknown command 'nonsense'/],
  [['mastr', 'x'], /Did you mean master\?/],
  [[...MASTER, '--two-fase'], /unknown option '--two-fase'[\s\S]*--two-phase/],
  [[...MASTER, '--heartbeat', 'fast'], /--heartbeat <ms>' argument 'fast' is invalid/],
  [[...MASTER, '--heartbeat', '0'], /whole number from 1 to/],
  [[...MASTER, '--vote-timeout', '-5'], /--vote-timeout/],
  [[...MASTER, '--item', ''], /--item <name>' argument '' is invalid/],
  [[...MASTER, 'second.json'], /too many arguments/],
  [['master', '--listen', '127.0.0.1:0'], /missing required argument 'file'/],
  [['master', 'x.json'], /required option '--listen <host:port>' not specified/],
  [['master', 'x.json', '--listen', '7400'], /must be HOST:PORT, such as 127\.0\.0\.1:7400/],
  [['master', 'x.json', '--listen'], /--listen <host:port>' argument missing/],
  [['slave', '--out', 'x'], /--connect <host:port>' not specified/],
  [['slave', '--connect', 'h:1'], /--out <file>' not specified/],
  [[...SLAVE, '--validate-timeout', '1s'], /--validate-timeout/],
  [['slave', '--connect', 'h:0', '--out', 'x'], /from 1 to 65535/],
  [['status', '--connect', '::1'], /\[::1\]:7400/],
  [['status', '--connect', 'h:1', '--timeout', '1e3'], /--timeout/],
  [['demo', '--slaves', '0'], /whole number from 1 to 9/],
  [['demo', 'a.json', 'b.json'], /too many arguments/],
];

for (const [args, says] of USAGE) {
  test(`usage: ${args.join(' ')}`, () => refused(args, 2, says));
}

test('without a command it shows its help and says that it is one', async () => {
  const result = await run([]);
  assert.is(result.code, 2);
  assert.match(result.stderr, /Usage: replichart/);
});

test('--help of everything has examples and exit codes; --version is the version', async () => {
  const help = await run(['--help']);
  assert.is(help.code, 0);
  assert.match(help.stdout, /Exit codes:[\s\S]*Examples:/);
  assert.not.match(help.stdout, /demo-master/);
  for (const command of ['master', 'slave', 'status', 'demo']) {
    const { code, stdout } = await run([command, '--help']);
    assert.is(code, 0);
    assert.match(stdout, new RegExp(`Examples:\\n {2}replichart ${command}`));
  }
  const version = await run(['--version']);
  assert.is(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test('files that cannot be replicated: missing, no JSON, a folder, not exact', async () => {
  await withFolder(async (folder) => {
    const at = (name: string): string[] => [
      'master',
      join(folder, name),
      '--listen',
      '127.0.0.1:0',
    ];
    await refused(at('none.json'), 1, /cannot read .*none\.json: it does not exist/);
    await writeFile(join(folder, 'bad.json'), '{\n "a": 1,\n}');
    await refused(at('bad.json'), 1, /bad\.json: it is not JSON: line 3, column 1/);
    await writeFile(join(folder, 'id.json'), '{"id": 12345678901234567890}');
    await refused(at('id.json'), 1, /line 1, column 8.*write it as a string/);
    await mkdir(join(folder, 'dir.json'));
    await refused(at('dir.json'), 1, /cannot read .*dir\.json/);
  });
});

test('a port in use says what to do', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'data.json');
    await writeFile(file, '{}');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      const args = ['master', file, '--listen', `127.0.0.1:${port}`];
      await refused(args, 1, /is in use by another process: stop that process or choose another/);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

test('listening beyond this host needs a secret, and the secret a readable file', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'data.json');
    await writeFile(file, '{}');
    const open = ['master', file, '--listen', '0.0.0.0:0'];
    await refused(open, 1, /--secret-file/);
    const none = join(folder, 'none');
    await refused([...open, '--secret-file', none], 1, /--secret-file .*none cannot be read/);
    await writeFile(none, '\n');
    await refused([...open, '--secret-file', none], 1, /--secret-file .*none is empty/);
  });
});

test('a copy that cannot be written is told before anything is received', async () => {
  await withFolder(async (folder) => {
    const args = ['slave', '--connect', '127.0.0.1:1', '--out', join(folder, 'no', 'copy.json')];
    await refused(args, 1, /copy\.json: its folder does not exist; make it first/);
  });
});

test('a store that is a file is refused', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'data.json');
    await writeFile(file, '{}');
    const args = ['master', file, '--listen', '127.0.0.1:0', '--store', file];
    await refused(args, 1, /data\.json/);
  });
});

test('a status of nobody gives up and says why', async () => {
  const args = ['status', '--connect', '127.0.0.1:1', '--timeout', '300'];
  await refused(args, 1, /no status from 127\.0\.0\.1:1 within 300 ms: no master is reached/);
});

test('the demo refuses a file that is none, and leaves nothing behind', async () => {
  await refused(['demo', 'no-such-file.json'], 1, /cannot read .*no-such-file\.json/);
});

test('REPLICHART_DEBUG shows the stack, --json says the failure as a line, too', async () => {
  const args = ['master', 'none.json', '--listen', '127.0.0.1:0', '--json'];
  const result = await run(args, { REPLICHART_DEBUG: '1' });
  assert.is(result.code, 1);
  assert.match(result.stderr, /\n\s+at /);
  const line = JSON.parse(result.stdout) as Record<string, unknown>;
  assert.is(line.event, 'failed');
  assert.is(line.code, 'INVALID_OPTION');
});

test.run();
