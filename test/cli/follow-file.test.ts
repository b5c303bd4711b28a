/** The file follower sees every way of saving a file, and nothing that is half written. */
import { chmod, mkdir, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileFollower, type FileState, type FollowOptions } from '../../lib/cli/follow-file.js';
import { eventually, withFolder } from '../support/cli-folder.js';

const test = suite('command: following a file');

const DEADLINE_MS = 5000;
const QUICK: FollowOptions = { debounceMs: 5, settleMs: 60, pollMs: 100_000 };
/** Where the writer is this test and may be slow: nothing is told before it is done. */
const PATIENT: FollowOptions = { ...QUICK, settleMs: 3000 };

interface Watched {
  readonly path: string;
  readonly states: FileState[];
  /** Waits until the last state fits. */
  readonly until: (fits: (state: FileState) => boolean) => Promise<void>;
}

async function following(
  run: (watched: Watched, folder: string) => Promise<void>,
  options: FollowOptions = QUICK,
  text = '{"v":0}',
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, 'data.json');
    await writeFile(path, text);
    const states: FileState[] = [];
    const follower = new FileFollower(path, (state) => states.push(state), options);
    const until = (fits: (state: FileState) => boolean): Promise<void> =>
      eventually(
        () => JSON.stringify(states),
        DEADLINE_MS,
        () => states.length > 0 && fits(states.at(-1) as FileState),
      );
    follower.start();
    try {
      await until(() => true);
      await run({ path, states, until }, folder);
    } finally {
      follower.close();
    }
  });
}

const holds =
  (version: number) =>
  (state: FileState): boolean =>
    state.kind === 'value' && (state.value as { v: number }).v === version;

test('tells the file as it is at the start, once', async () => {
  await following(async ({ states, until }) => {
    await until(holds(0));
    assert.equal(states, [{ kind: 'value', value: { v: 0 }, bytes: 7 }]);
  });
});

test('sees edits in place, by rename, and by truncating first', async () => {
  await following(async ({ path, states, until }, folder) => {
    await writeFile(path, '{"v":1}');
    await until(holds(1));
    await writeFile(join(folder, 'data.json.new'), '{"v":2}');
    await rename(join(folder, 'data.json.new'), path);
    await until(holds(2));
    await truncate(path, 0);
    await writeFile(path, '{"v":3}');
    await until(holds(3));
    assert.ok(
      states.every(({ kind }) => kind === 'value'),
      JSON.stringify(states),
    );
  }, PATIENT);
});

test('a file written in parts is taken only when it is whole', async () => {
  await following(async ({ path, states, until }) => {
    const handle = await open(path, 'w');
    try {
      for (const part of ['{"v"', ': 4, "list": [', '1, 2', ', 3]', '}']) {
        await handle.write(part);
        // Long enough that the follower reads what is there so far.
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    } finally {
      await handle.close();
    }
    await until(holds(4));
    assert.is(states.length, 2, JSON.stringify(states));
    assert.equal((states[1] as { value: unknown }).value, { v: 4, list: [1, 2, 3] });
  }, PATIENT);
});

test('a file that stays invalid is told once, with its place, and its end, too', async () => {
  await following(async ({ path, states, until }) => {
    await writeFile(path, '{\n"v": 1,\n}');
    await until(({ kind }) => kind === 'problem');
    const told = states.at(-1) as { problem: string };
    assert.match(told.problem, /data\.json: it is not JSON: line 3, column 1/);
    await writeFile(path, '{"v":0}');
    await until(({ kind }) => kind === 'recovered');
    await writeFile(path, '{"v":2}');
    await until(holds(2));
    const kinds = states.map(({ kind }) => kind);
    assert.equal(kinds, ['value', 'problem', 'recovered', 'value']);
  });
});

test('another mistake in the same file is told, too', async () => {
  await following(async ({ path, states, until }) => {
    await writeFile(path, '[1,]');
    await until(({ kind }) => kind === 'problem');
    await writeFile(path, '');
    await until((state) => state.kind === 'problem' && state.problem.endsWith('it is empty'));
    assert.is(states.length, 3);
  });
});

test('a file that vanishes is told and waited for, also when its folder goes', async () => {
  const settings = { ...QUICK, pollMs: 40 };
  await following(async ({ path, until }, folder) => {
    await rm(path);
    await until((state) => state.kind === 'problem' && state.problem.includes('does not exist'));
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await writeFile(path, '{"v":5}');
    await until(holds(5));
  }, settings);
});

test('a swapped symbolic link is an edit', async () => {
  await following(async ({ path, until }, folder) => {
    for (const version of [6, 7]) {
      const target = join(folder, `v${version}`);
      await mkdir(target);
      await writeFile(join(target, 'data.json'), `{"v":${version}}`);
      await symlink(join(target, 'data.json'), join(folder, 'link'));
      await rename(join(folder, 'link'), path);
      await until(holds(version));
    }
  });
});

test('the poll finds an edit where no event comes', async () => {
  // The watch is on the folder of the link; what it points to lies in another one.
  await withFolder(async (folder) => {
    const [there, here] = [join(folder, 'there'), join(folder, 'here')];
    await mkdir(there);
    await mkdir(here);
    await writeFile(join(there, 'data.json'), '{"v":0}');
    await symlink(join(there, 'data.json'), join(here, 'data.json'));
    const states: FileState[] = [];
    const settings = { ...QUICK, pollMs: 20 };
    const follower = new FileFollower(join(here, 'data.json'), (s) => states.push(s), settings);
    follower.start();
    try {
      const last = (fits: (state: FileState) => boolean) => () =>
        states.length > 0 && fits(states.at(-1) as FileState);
      await eventually(() => JSON.stringify(states), DEADLINE_MS, last(holds(0)));
      await writeFile(join(there, 'data.json'), '{"v":1}');
      await eventually(() => JSON.stringify(states), DEADLINE_MS, last(holds(1)));
    } finally {
      follower.close();
    }
  });
});

test('saving without a change is no edit', async () => {
  await following(async ({ path, states, until }) => {
    await writeFile(path, '{"v":0}');
    await chmod(path, 0o600);
    await writeFile(path, '{"v":1}');
    await until(holds(1));
    assert.is(states.length, 2, JSON.stringify(states));
  });
});

test('after close nothing is told any more', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'data.json');
    await writeFile(path, '1');
    const states: FileState[] = [];
    const follower = new FileFollower(path, (state) => states.push(state), QUICK);
    follower.start();
    follower.close();
    const other: FileState[] = [];
    const witness = new FileFollower(path, (state) => other.push(state), QUICK);
    witness.start();
    await writeFile(path, '2');
    const seen = () => other.some((state) => state.kind === 'value' && state.value === 2);
    await eventually(() => JSON.stringify(other), DEADLINE_MS, seen);
    witness.close();
    assert.equal(states, []);
  });
});

test.run();
