/** What survives: killed slaves, restarted masters, secrets, and a store of one's own. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalText } from '../../lib/cli/copy-file.js';
import { eventually, withFolder } from '../support/cli-folder.js';
import { DEADLINE_MS, withCli } from '../support/cli-process.js';
import { freePort } from '../support/free-port.js';

const test = suite('command: restarts and secrets');

async function says(path: string, value: unknown): Promise<void> {
  const wanted = canonicalText(value);
  const holds = async (): Promise<boolean> =>
    (await readFile(path, 'utf8').catch(() => '')) === wanted;
  await eventually(() => `${path} is not ${wanted}`, DEADLINE_MS, holds);
}

test('a slave killed with -9 serves its copy without a master; catches up by a delta', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const [file, out] = [join(folder, 'data.json'), join(folder, 'copy.json')];
      const list = Array.from({ length: 2000 }, (_, index) => `value ${index}`);
      await writeFile(file, JSON.stringify({ edit: 0, list }));
      const port = await freePort();
      const listen = ['--listen', `127.0.0.1:${port}`];
      const masterArgs = ['master', file, '--json', '--store', join(folder, 'master'), ...listen];
      const master = start(...masterArgs);
      await master.event('listening');
      const slaveArgs = ['slave', '--connect', `127.0.0.1:${port}`, '--out', out, '--json'];
      slaveArgs.push('--store', join(folder, 'slave'), '--id', 'a');
      const slave = start(...slaveArgs);
      await slave.event('version');
      slave.signal('SIGKILL');
      await slave.ended;
      for (const edit of [1, 2, 3, 4, 5]) {
        await writeFile(file, JSON.stringify({ edit, list }));
        const decided = () =>
          master.events.filter(({ event }) => event === 'decided').length >= edit;
        await master.until(`edit ${edit}`, decided);
      }
      assert.is((await master.stop()).code, 0, master.told());

      await rm(out);
      const again = start(...slaveArgs);
      const cached = await again.event('cached');
      assert.is(cached.version, 1);
      assert.is(await readFile(out, 'utf8'), canonicalText({ edit: 0, list }));

      const back = start(...masterArgs);
      await again.event('version', ({ version }) => version > 1);
      await says(out, { edit: 5, list });
      const kinds = again.events
        .filter(({ event }) => event === 'progress')
        .map(({ kind }) => kind);
      assert.not.ok(kinds.includes('snapshot'), JSON.stringify(again.events));
      assert.is((await back.stop()).code, 0, back.told());
    }),
  );
});

test('a master restarted with its store replicates what was edited meanwhile', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const [file, out] = [join(folder, 'data.json'), join(folder, 'copy.json')];
      await writeFile(file, '{"edit": 1}');
      const port = await freePort();
      const listen = ['--listen', `127.0.0.1:${port}`];
      const args = ['master', file, '--json', '--store', join(folder, 'store'), ...listen];
      const master = start(...args);
      await master.event('listening');
      const slave = start('slave', '--connect', `127.0.0.1:${port}`, '--out', out, '--json');
      await says(out, { edit: 1 });
      assert.is((await master.stop()).code, 0, master.told());
      await writeFile(file, '{"edit": 2}');
      const again = start(...args);
      await says(out, { edit: 2 });
      const { version } = await again.event('decided');
      assert.ok(version > 1, `version ${version}`);
      const seen = slave.events.filter(({ event }) => event === 'reset' || event === 'trouble');
      assert.ok(
        seen.every(({ event }) => event !== 'reset'),
        JSON.stringify(seen),
      );
    }),
  );
});

test('a second master on the same store is refused', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const file = join(folder, 'data.json');
      await writeFile(file, '{}');
      const args = ['master', file, '--listen', '127.0.0.1:0', '--store', join(folder, 'store')];
      const first = start(...args, '--json');
      await first.event('listening');
      const second = start(...args);
      assert.is((await second.ended).code, 1, second.told());
      assert.match(second.stderr, /another process/);
    }),
  );
});

test('a secret: the right one joins, a wrong one and none are refused by name', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const file = join(folder, 'data.json');
      const [right, wrong] = [join(folder, 'right'), join(folder, 'wrong')];
      await writeFile(file, '{"secret": true}');
      await writeFile(right, 'correct horse battery staple\n');
      await writeFile(wrong, 'another\n');
      const master = start(
        'master',
        file,
        '--listen',
        '127.0.0.1:0',
        '--json',
        '--secret-file',
        right,
      );
      const { port } = await master.event('listening');
      const slave = (name: string, ...args: string[]) => {
        const out = join(folder, `${name}.json`);
        return start('slave', '--connect', `127.0.0.1:${port}`, '--out', out, '--json', ...args);
      };
      const refused = slave('refused', '--secret-file', wrong);
      const stranger = slave('stranger');
      await refused.event('trouble', ({ code }) => code === 'UNAUTHORIZED');
      await stranger.event('trouble');
      await slave('good', '--secret-file', right).event('version');
      await says(join(folder, 'good.json'), { secret: true });
      assert.equal(
        refused.events.filter(({ event }) => event === 'version'),
        [],
      );
      assert.equal(
        stranger.events.filter(({ event }) => event === 'version'),
        [],
      );
      const isToldOf = (words: RegExp) =>
        master.event('trouble', ({ reason }) => words.test(String(reason)));
      await isToldOf(/none of our keys/);
      // Both have tried several times by now; each gets one line at the master.
      const told = master.events.filter(({ event }) => event === 'trouble');
      const reasons = told.map(({ reason }) => String(reason).replace(/^\S+ /, ''));
      assert.equal(reasons, [...new Set(reasons)]);
    }),
  );
});

test.run();
