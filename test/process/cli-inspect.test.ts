/** The commands that show: real processes, whose nodes are seen, recorded, and fed again. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFolder } from '../support/cli-folder.js';
import { CLI, DEADLINE_MS, withCli } from '../support/cli-process.js';
import { freePort } from '../support/free-port.js';
import { ask } from '../support/inspector-server.js';
import { runCommand } from '../support/run-command.js';

const test = suite('command: inspect, replay, playground');

const bearerOf = (link: string) => ({ authorization: `Bearer ${link.split('#token=')[1]}` });
const portOf = (link: string): number => Number(new URL(link).port);

test('nodes of other processes are counted and recorded; the recording opens and checks', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const [file, run, own] = ['s.json', 'run.jsonl', 'own.jsonl'].map((n) => join(folder, n));
      assert.ok(file && run && own);
      await writeFile(file, '{"a":1}');
      const page = start('inspect', '--listen', '127.0.0.1:0', '--record', run, '--json');
      const { link } = await page.event('inspector');
      const watched = ['--inspector', link, '--json'];
      const port = await freePort();
      const listen = ['--listen', `127.0.0.1:${port}`, '--record', own];
      const master = start('master', file, ...listen, ...watched);
      await master.event('listening');
      const out = join(folder, 'c.json');
      const connect = ['--connect', `127.0.0.1:${port}`];
      const slave = start('slave', ...connect, '--out', out, '--id', 's1', ...watched);
      await page.event('nodes', ({ masters, slaves }) => masters === 1 && slaves === 1);
      await slave.event('version');
      await writeFile(file, '{"a":2}');
      await slave.event('version', ({ version }) => version === 2);
      const metrics = await ask(portOf(link), '/metrics', { headers: bearerOf(link) });
      assert.is(metrics.status, 200);
      assert.match(metrics.body, /replichart_.*s1/);
      for (const each of [slave, master]) {
        each.signal('SIGTERM');
        assert.is((await each.ended).code, 0);
      }
      await page.event('nodes', ({ masters, slaves }) => masters === 0 && slaves === 0);
      page.signal('SIGTERM');
      assert.is((await page.ended).code, 0);
      for (const path of [run, own]) {
        const args = [CLI, 'replay', path, '--check'];
        const checked = await runCommand(process.execPath, args, { deadlineMs: DEADLINE_MS });
        assert.is(checked.code, 0, checked.stdout + checked.stderr);
        assert.match(checked.stdout, 'the statecharts do what is recorded');
      }
      const replay = start('replay', own, '--json');
      const shown = await replay.event('inspector');
      const entries = await ask(portOf(shown.link), '/entries', { headers: bearerOf(shown.link) });
      assert.is(entries.headers['replichart-source'], 'recording');
      assert.is(entries.body, await readFile(own, 'utf8'));
      assert.is((await ask(portOf(shown.link), '/entries')).status, 401);
      replay.signal('SIGINT');
      assert.is((await replay.ended).code, 0);
    }),
  );
});

test('--check tells of a recording that the statecharts do not follow', async () => {
  await withFolder(async (folder) =>
    withCli(async (start) => {
      const [file, own] = [join(folder, 's.json'), join(folder, 'own.jsonl')];
      await writeFile(file, '{"a":1}');
      const master = start('master', file, '--listen', '127.0.0.1:0', '--record', own, '--json');
      await master.event('listening');
      master.signal('SIGTERM');
      assert.is((await master.ended).code, 0);
      const lines = (await readFile(own, 'utf8')).trimEnd().split('\n');
      const wrong = lines.map((line) =>
        line.startsWith('{"kind":"step"')
          ? line.replace(/"taken":\[[^\]]*\]/, '"taken":["x"]')
          : line,
      );
      await writeFile(own, `${wrong.join('\n')}\n`);
      const deadlineMs = DEADLINE_MS;
      const checked = await runCommand(process.execPath, [CLI, 'replay', own, '--check'], {
        deadlineMs,
      });
      assert.is(checked.code, 1, checked.stdout + checked.stderr);
      assert.match(checked.stdout, /line \d+: /);
      assert.match(checked.stderr, 'went another way');
      const none = await runCommand(process.execPath, [CLI, 'replay', file], { deadlineMs });
      assert.is(none.code, 1);
      assert.match(none.stderr, file);
    }),
  );
});

test('--check fails on a recording in which there is nothing to compare', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'none.jsonl');
    const header = {
      kind: 'replichart-recording',
      at: 1,
      format: 1,
      package: 'x',
      payloads: false,
    };
    await writeFile(path, `${JSON.stringify(header)}\n`);
    const args = [CLI, 'replay', path, '--check'];
    const checked = await runCommand(process.execPath, args, { deadlineMs: DEADLINE_MS });
    assert.is(checked.code, 1);
    assert.match(checked.stderr, 'no step that could be compared');
  });
});

test('--inspect serves a page in the node itself; a port in use is a line and exit code 1', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const file = join(folder, 's.json');
      await writeFile(file, '{"a":1}');
      const args = [file, '--listen', '127.0.0.1:0', '--json'];
      const master = start('master', ...args, '--inspect', '0');
      const { link } = await master.event('inspector');
      const { status, body } = await ask(portOf(link), '/recording', { headers: bearerOf(link) });
      assert.is(status, 200);
      assert.match(body, '"kind":"replichart-recording"');
      const second = start('master', ...args, '--inspect', `${portOf(link)}`);
      assert.is((await second.ended).code, 1);
      assert.match(second.stderr, 'the port is in use: give another one');
      master.signal('SIGTERM');
      assert.is((await master.ended).code, 0);
    }),
  );
});

test('the playground is a page without data', async () => {
  await withCli(async (start) => {
    const playground = start('playground', '--json');
    const { link } = await playground.event('playground');
    const page = await ask(portOf(link), '/');
    assert.is(page.status, 200);
    assert.match(page.body, '<title>');
    for (const path of ['/entries', '/recording', '/metrics', '/ingest']) {
      assert.is((await ask(portOf(link), path)).status, 404, path);
    }
    playground.signal('SIGTERM');
    assert.is((await playground.ended).code, 0);
  });
});

test.run();
