/** A two-phase edit that one validator refuses changes nothing anywhere, and is explained. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalText } from '../../lib/cli/copy-file.js';
import type { StatusReport } from '../../lib/cli/status-report.js';
import { eventually, withFolder } from '../support/cli-folder.js';
import { type CliProcess, DEADLINE_MS, withCli } from '../support/cli-process.js';
import { freePort } from '../support/free-port.js';

const test = suite('command: two-phase and validators');

const CHECK = `import { readFileSync } from 'node:fs';
const { port } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
if (port < 1024) {
  console.error('checking the port');
  console.error('port ' + port + ' is not allowed here');
  process.exit(1);
}
`;

interface Setup {
  readonly file: string;
  readonly port: number;
  readonly master: CliProcess;
  readonly copies: readonly string[];
  readonly slaves: readonly CliProcess[];
  readonly start: (...args: string[]) => CliProcess;
}

async function voting(run: (setup: Setup) => Promise<void>, ...options: string[]): Promise<void> {
  await withFolder((folder) =>
    withCli(async (start) => {
      const [file, check] = [join(folder, 'settings.json'), join(folder, 'check.mjs')];
      await writeFile(check, CHECK);
      await writeFile(file, '{"port": 8000}');
      const master = start('master', file, '--listen', '127.0.0.1:0', '--json', ...options);
      const { port } = await master.event('listening');
      const copies = ['a', 'b', 'c'].map((name) => join(folder, `${name}.json`));
      const slaves = copies.map((out, index) => {
        const own = ['--id', `slave-${index + 1}`, '--out', out, '--json'];
        if (index === 1) own.push('--validate', `"${process.execPath}" "${check}"`);
        return start('slave', '--connect', `127.0.0.1:${port}`, ...own);
      });
      await Promise.all(slaves.map((slave) => slave.event('version')));
      for (const id of ['slave-1', 'slave-2', 'slave-3']) {
        await master.event('slave', (event) => event.id === id && event.link === 'live');
      }
      await run({ file, port, master, copies, slaves, start });
    }),
  );
}

async function texts(copies: readonly string[]): Promise<string[]> {
  return Promise.all(copies.map((path) => readFile(path, 'utf8')));
}

async function allSay(copies: readonly string[], value: unknown): Promise<void> {
  const wanted = canonicalText(value);
  const holds = async (): Promise<boolean> =>
    (await texts(copies)).every((text) => text === wanted);
  await eventually(() => `not ${wanted}`, DEADLINE_MS, holds);
}

async function statusOf({ start, port }: Setup): Promise<StatusReport> {
  const status = start('status', '--connect', `127.0.0.1:${port}`, '--json');
  assert.is((await status.ended).code, 0, status.told());
  return JSON.parse(status.stdout) as StatusReport;
}

test('S9: a refused edit changes no copy; status names the slave and its reason', async () => {
  await voting(async (setup) => {
    const { file, master, copies } = setup;
    await writeFile(file, '{"port": 8001}');
    await allSay(copies, { port: 8001 });
    const before = await texts(copies);
    await writeFile(file, '{"port": 80}');
    const refused = await master.event('refused');
    assert.match(refused.text, /slave-2 vetoed: port 80 is not allowed here/);
    assert.match(refused.text, /no copy changed.*settings\.json is ahead of that/);
    assert.equal(await texts(copies), before);
    let report: StatusReport | undefined;
    await eventually(
      () => JSON.stringify(report),
      DEADLINE_MS,
      async () => {
        report = await statusOf(setup);
        return report.lastAbort !== null;
      },
    );
    const reason = 'port 80 is not allowed here';
    assert.equal(report?.lastAbort?.slaves, { 'slave-2': { stage: 'vetoed', reason } });
    assert.is(report?.file.replicated, false);
    assert.is(report?.method, 'two-phase');
    const versions = new Set(report?.slaves.map(({ version }) => version));
    assert.equal([...versions], [report?.master.position?.version]);
    assert.equal(await texts(copies), before, 'and later neither');
    await writeFile(file, '{"port": 8002}');
    await allSay(copies, { port: 8002 });
  }, '--two-phase');
});

test('one-phase: a slave that refuses keeps its copy and says why, others follow', async () => {
  await voting(async (setup) => {
    const { file, copies, slaves, master } = setup;
    const [first, refusing, third] = copies;
    await writeFile(file, '{"port": 443}');
    await allSay([first ?? '', third ?? ''], { port: 443 });
    const told = await slaves[1]?.event('status', ({ data }) => data === 'quarantined');
    assert.match(JSON.stringify(told?.problem), /port 443 is not allowed here/);
    assert.is(await readFile(refusing ?? '', 'utf8'), canonicalText({ port: 8000 }));
    await master.event('slave', ({ id, problem }) => id === 'slave-2' && problem !== null);
    await writeFile(file, '{"port": 8443}');
    await allSay(copies, { port: 8443 });
  });
});

test('a slave that is gone does not stop an edit of those that are there', async () => {
  await voting(async ({ file, copies, slaves, master }) => {
    const gone = master.next('slave', ({ id, link }) => id === 'slave-3' && link !== 'live');
    await slaves[2]?.stop('SIGTERM');
    await gone;
    await writeFile(file, '{"port": 9000}');
    await allSay(copies.slice(0, 2), { port: 9000 });
    assert.is(await readFile(copies[2] ?? '', 'utf8'), canonicalText({ port: 8000 }));
  }, '--two-phase');
});

test('an edit made while the master was down is voted on after its restart', async () => {
  await withFolder((folder) =>
    withCli(async (start) => {
      const [file, check] = [join(folder, 'settings.json'), join(folder, 'check.mjs')];
      const [out, store] = [join(folder, 'copy.json'), join(folder, 'store')];
      await writeFile(check, CHECK);
      await writeFile(file, '{"port": 8000}');
      const port = await freePort();
      const options = ['--two-phase', '--json', '--store', store];
      const args = ['master', file, ...options, '--listen', `127.0.0.1:${port}`];
      const master = start(...args);
      await master.event('listening');
      const validate = ['--validate', `"${process.execPath}" "${check}"`, '--id', 'a', '--json'];
      const slave = start('slave', '--connect', `127.0.0.1:${port}`, '--out', out, ...validate);
      await slave.event('version');
      master.signal('SIGKILL');
      await master.ended;
      await writeFile(file, '{"port": 80}');
      const again = start(...args);
      const { version } = await again.event('listening');
      const refused = await again.event('refused');
      assert.is(refused.version, version);
      assert.is(refused.slaves.a.reason, 'port 80 is not allowed here');
      assert.is(await readFile(out, 'utf8'), canonicalText({ port: 8000 }));
      assert.not.ok(again.events.some(({ event }) => event === 'decided'));
    }),
  );
});

test.run();
