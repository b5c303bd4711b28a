/** The demo on a file of the user: succeeds, and leaves neither process nor folder behind. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, withFolder } from '../support/cli-folder.js';
import { CliProcess, DEADLINE_MS, isAlive } from '../support/cli-process.js';

const test = suite('command: demo');

const TEXT = JSON.stringify({ flags: { a: true, b: false }, list: [1, 2, 3], name: 'x' });

/** Runs the demo with a folder for temporary files of its own. */
async function demo(
  args: readonly string[],
  run: (child: CliProcess, temporary: string, file: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const [file, temporary] = [join(folder, 'data.json'), join(folder, 'tmp')];
    await mkdir(temporary);
    await writeFile(file, TEXT);
    const child = new CliProcess(['demo', file, ...args], { TMPDIR: temporary });
    try {
      await run(child, temporary, file);
    } finally {
      await child.stop('SIGKILL');
    }
  });
}

/** Process ids that the demo printed. */
function pidsOf({ stdout }: CliProcess): number[] {
  return [...stdout.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));
}

async function allGone(pids: readonly number[]): Promise<void> {
  assert.ok(pids.length > 0, 'it told its processes');
  await eventually(
    () => `still alive: ${pids.filter(isAlive).join(', ')}`,
    DEADLINE_MS,
    () => !pids.some(isAlive),
  );
}

test('shows every step, ends with equal copies and exit code 0, and cleans up', async () => {
  await demo([], async (child, temporary, file) => {
    assert.equal(await child.ended, { code: 0, signal: null }, child.told());
    const { stdout } = child;
    assert.is(stdout.match(/^ {3}ok$/gm)?.length, 5, stdout);
    assert.is(stdout.match(/equal, byte for byte/g)?.length, 3, stdout);
    assert.match(stdout, /slave-3 voted no: "this node has no use for the new value"/);
    assert.match(stdout, /killed with -9 at version \d+/);
    await allGone(pidsOf(child));
    assert.equal(await readdir(temporary), []);
    assert.is(await readFile(file, 'utf8'), TEXT, 'the file of the user is only read');
  });
});

test('--keep keeps the copies, --slaves makes more of them', async () => {
  await demo(['--keep', '--slaves', '2'], async (child, temporary) => {
    assert.equal(await child.ended, { code: 0, signal: null }, child.told());
    const [folder = ''] = await readdir(temporary);
    const names = (await readdir(join(temporary, folder))).sort();
    assert.equal(names, ['master', 'slave-1', 'slave-2', 'tmp', 'validate.mjs']);
    const copies = ['slave-1', 'slave-2'].map((id) => join(temporary, folder, id, 'copy.json'));
    const [first, second] = await Promise.all(copies.map((path) => readFile(path, 'utf8')));
    assert.is(first, second);
  });
});

test('Ctrl-C leaves no process and no folder behind', async () => {
  await demo([], async (child, temporary) => {
    await child.until('the slaves', () => child.stdout.includes('1. First copy'));
    child.signal('SIGINT');
    assert.equal(await child.ended, { code: 130, signal: null }, child.told());
    await allGone(pidsOf(child));
    assert.equal(await readdir(temporary), []);
  });
});

test('its processes end even when it is killed with -9', async () => {
  await demo([], async (child) => {
    await child.until('the slaves', () => child.stdout.includes('2. One-phase'));
    child.signal('SIGKILL');
    await child.ended;
    await allGone(pidsOf(child));
  });
});

test.run();
