/** `createInspector` in a host: real nodes, real sockets, a real file. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor, setup } from 'xstate';
import { createMaster, createSlave, document, ReplicationError } from '../../lib/index.js';
import { createInspector } from '../../lib/inspector/create-inspector.js';
import type { Line } from '../../lib/inspector/entries.js';
import { readLine } from '../../lib/inspector/json.js';
import { openRecording } from '../../lib/inspector/recording/open-recording.js';
import { replayRecording } from '../../lib/inspector/recording/replay-recording.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import { withFolder } from '../support/cli-folder.js';
import { ask } from '../support/inspector-server.js';

const test = suite('inspector: in a host');

const bearerOf = (link: string) => ({ authorization: `Bearer ${link.split('#token=')[1]}` });
const portOf = (link: string): number => Number(new URL(link).port);

/** A master and a slave that make two changes, one of them refused. */
async function runCluster(inspect: (event: unknown) => void): Promise<void> {
  const network = memoryNetwork();
  const master = createMaster({
    item: 'settings',
    data: document({ theme: 'light' }),
    transport: network.listen('master'),
    inspect,
  });
  const slave = createSlave({
    item: 'settings',
    id: 's1',
    data: document({ theme: '' }),
    transport: network.connect({ to: 'master', name: 's1' }),
    inspect,
  });
  await master.start();
  await slave.start();
  await slave.current({ timeout: 10_000 });
  await master.data.set({ theme: 'dark' }, { method: 'two-phase' });
  await slave.waitFor(2, { timeout: 10_000 });
  await slave.stop();
  await master.stop();
}

async function linesOf(link: string): Promise<readonly Line[]> {
  const { status, body } = await ask(portOf(link), '/recording', { headers: bearerOf(link) });
  assert.is(status, 200);
  return body
    .trimEnd()
    .split('\n')
    .map((line) => readLine(line));
}

test('it prints a link, and whoever has it sees what happened before and after start', async () => {
  const printed: string[] = [];
  const inspector = createInspector({ port: 0, print: (line) => void printed.push(line) });
  assert.is(inspector.link, null);
  await runCluster(inspector.inspect);
  const { link } = await inspector.start();
  assert.is(inspector.link, link);
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
  assert.equal(printed, [`replichart inspector: ${link}`]);
  const before = await linesOf(link);
  assert.is(before[0]?.kind, 'replichart-recording');
  assert.is(before[1]?.kind, 'keyframe');
  const roles = before.flatMap((line) => (line.kind === 'node' ? [line.role] : []));
  assert.equal(roles.sort(), ['master', 'slave']);
  const kinds = new Set(before.map(({ kind }) => kind));
  for (const kind of ['machine', 'actor', 'step', 'message', 'change', 'report'] as const) {
    assert.ok(kinds.has(kind), kind);
  }
  await runCluster(inspector.inspect);
  assert.ok((await linesOf(link)).length > before.length);
  const metrics = await ask(portOf(link), '/metrics', { headers: bearerOf(link) });
  assert.is(metrics.status, 200);
  await inspector.stop();
  assert.is(inspector.link, null);
  const gone = await ask(portOf(link), '/').catch((error: NodeJS.ErrnoException) => error.code);
  assert.is(gone, 'ECONNREFUSED');
});

test('any XState actor can be inspected', async () => {
  await using inspector = createInspector({ port: 0, print: () => undefined });
  const machine = setup({}).createMachine({
    id: 'light',
    initial: 'red',
    states: { red: { on: { go: 'green' } }, green: {} },
  });
  const actor = createActor(machine, { inspect: inspector.inspect });
  actor.start();
  actor.send({ type: 'go' });
  const { link } = await inspector.start();
  const lines = await linesOf(link);
  assert.ok(lines.some((line) => line.kind === 'machine' && line.chart.id === 'light'));
  assert.ok(lines.some((line) => line.kind === 'step' && line.value === 'green'));
  actor.stop();
});

test('a recording is whole, and the machines do the same on it again', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'run.jsonl');
    const inspector = createInspector({ record: path, print: () => undefined });
    await runCluster(inspector.inspect);
    await inspector.stop();
    const result = await replayRecording(openRecording(path));
    assert.equal(result.differences, []);
    assert.ok(result.steps > 10, `${result.steps} steps`);
    assert.is(result.left, 0);
  });
});

test('a recording to where nothing can be written is told, and harms nobody', async () => {
  const printed: string[] = [];
  const path = '/nowhere/of/all/run.jsonl';
  const inspector = createInspector({ record: path, print: (line) => void printed.push(line) });
  await runCluster(inspector.inspect);
  await inspector.stop();
  assert.is(printed.length, 1);
  assert.match(printed[0] ?? '', path);
});

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'none';
  } catch (error) {
    return error instanceof ReplicationError ? `${error.code}: ${error.message}` : String(error);
  }
}

test('what cannot be is refused by name, and no message holds a token', async () => {
  const refused = [
    [{ port: 70_000 }, 'port'],
    [{ token: 'too-short' }, 'token'],
    [{ host: '0.0.0.0' }, 'insecure: true'],
    [{ host: 'example.org' }, 'insecure: true'],
    [{ prot: 1 }, 'prot'],
    [{ bufferBytes: 0 }, 'bufferBytes'],
  ] as const;
  for (const [options, word] of refused) {
    const said = await codeOf(() => createInspector(options as object));
    assert.match(said, /^INVALID_OPTION/);
    assert.match(said, word);
    assert.not.match(said, 'too-short');
  }
});

test('beyond loopback the link names an address, and only real names of it are answered', async () => {
  const options = { host: '0.0.0.0', insecure: true, port: 0, print: () => undefined };
  await using inspector = createInspector(options);
  const { link } = await inspector.start();
  assert.not.match(link, '0.0.0.0');
  const port = portOf(link);
  const headers = bearerOf(link);
  assert.is((await fetch(new URL('/recording', link), { headers })).status, 200);
  const foreign = { ...headers, host: `evil.test:${port}` };
  assert.is((await ask(port, '/recording', { headers: foreign })).status, 403);
});

test('a port in use is told at start; the host may go on or take another', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await using inspector = createInspector({ port, print: () => undefined });
  const said = await codeOf(() => inspector.start());
  assert.match(said, /^INVALID_OPTION/);
  assert.match(said, `127.0.0.1:${port}`);
  await new Promise((resolve) => other.close(resolve));
  await inspector.start();
  assert.match(await codeOf(() => inspector.start()), 'started already');
});

test.run();
