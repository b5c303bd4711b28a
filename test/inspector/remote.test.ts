/** The option `inspector`: entries reach an inspector elsewhere, and nothing waits for it. */
import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createActor, setup } from 'xstate';
import { createMaster, createSlave, document, ReplicationError } from '../../lib/index.js';
import { createInspector, type Inspector } from '../../lib/inspector/create-inspector.js';
import type { Entry } from '../../lib/inspector/entries.js';
import { readLine, writeLine } from '../../lib/inspector/json.js';
import { linkText, parseLink } from '../../lib/inspector/remote/link.js';
import { connectInspector } from '../../lib/inspector/remote/remote-inspector.js';
import { Sender } from '../../lib/inspector/remote/sender.js';
import { newToken } from '../../lib/inspector/server/token.js';
import { systemClock } from '../../lib/runtime/clock.js';
import type { Trouble } from '../../lib/service/status.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import { freePort } from '../support/free-port.js';
import { LINES, TOKEN, withServer } from '../support/inspector-server.js';

const test = suite('inspector: hosts elsewhere');

const DEADLINE_MS = 45_000;
const print = (): void => undefined;

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) assert.unreachable(`not in time: ${what}`);
    await pause(10);
  }
}

/** One change by a master and a slave of this process, which both know the link. */
async function runCluster(
  link: string,
  during: (troubles: readonly Trouble[]) => Promise<void>,
): Promise<Trouble[]> {
  const network = memoryNetwork();
  const troubles: Trouble[] = [];
  const transport = network.listen('master');
  const data = document({ theme: 'light' });
  const master = createMaster({ item: 'settings', data, transport, inspector: link });
  const slave = createSlave({
    item: 'settings',
    id: 's1',
    data: document({ theme: '' }),
    transport: network.connect({ to: 'master', name: 's1' }),
    inspector: link,
  });
  master.on('trouble', (trouble) => void troubles.push(trouble));
  await master.start();
  await slave.start();
  await slave.current({ timeout: DEADLINE_MS });
  await master.data.set({ theme: 'dark' }, { method: 'two-phase' });
  await slave.waitFor(2, { timeout: DEADLINE_MS });
  await during(troubles);
  await slave.stop();
  await master.stop();
  return troubles;
}

const rolesIn = ({ feed }: Inspector): string[] =>
  [...feed.nodes().values()].map(({ entry }) => entry.role).sort();

test('an inspector elsewhere sees nodes, reports and the end of both', async () => {
  await using inspector = createInspector({ port: 0, print });
  const { link } = await inspector.start();
  const seen: string[] = [];
  inspector.feed.subscribe((lines) => void seen.push(...lines));
  const troubles = await runCluster(link, () =>
    until('both nodes', () => rolesIn(inspector).join() === 'master,slave'),
  );
  assert.equal(troubles, []);
  await until('their ends', () => rolesIn(inspector).length === 0);
  inspector.feed.flush();
  for (const kind of ['node', 'machine', 'actor', 'step', 'message', 'change', 'node-end']) {
    assert.ok(
      seen.some((line) => line.startsWith(`{"kind":"${kind}"`)),
      kind,
    );
  }
});

test('of a master with many slaves each session is known, however many join at once', async () => {
  await using inspector = createInspector({ port: 0, print });
  const { link } = await inspector.start();
  const [item, count] = ['settings', 400];
  const network = memoryNetwork();
  const transport = network.listen('master');
  const master = createMaster({ item, data: document({ n: 0 }), transport, inspector: link });
  const slaves = Array.from({ length: count }, (_, index) => {
    const name = `s${index}`;
    const data = document<{ n: number }>();
    return createSlave({
      item,
      id: name,
      data,
      transport: network.connect({ to: 'master', name }),
    });
  });
  await master.start();
  await Promise.all(slaves.map((slave) => slave.start()));
  await Promise.all(slaves.map((slave) => slave.current({ timeout: DEADLINE_MS })));
  const known = (kind: Entry['kind']): number => {
    const line = readLine(inspector.feed.skip());
    return line.kind === 'keyframe' ? line.entries.filter((each) => each.kind === kind).length : 0;
  };
  await until('a master and its sessions', () => known('actor') === 1 + count);
  assert.is(known('machine'), 2);
  await Promise.all(slaves.map((slave) => slave.stop()));
  await master.stop();
});

test('what is more than the feed holds for a turn is known all the same', async () => {
  await using inspector = createInspector({ port: 0, print });
  const { link } = await inspector.start();
  const remote = connectInspector(link, (code, reason) => assert.unreachable(`${code} ${reason}`));
  const count = 30;
  const machine = setup({}).createMachine({ id: 'm', context: { text: 'x'.repeat(100_000) } });
  const actors = Array.from({ length: count }, () =>
    createActor(machine, { inspect: remote.inspect }).start(),
  );
  // Three million characters in one turn.
  await until('all of them', () => rolesIn(inspector).length === count);
  for (const actor of actors) actor.stop();
  await remote.close();
  await until('their ends', () => rolesIn(inspector).length === 0);
});

test('a wrong token is one trouble, no second try, and no harm', async () => {
  await withServer(async ({ server, feed }) => {
    const troubles = await runCluster(linkText(server.address, newToken()), async (told) => {
      await until('told', () => told.length > 0);
      await pause(500);
    });
    assert.equal(
      troubles.map(({ code }) => code),
      ['UNAUTHORIZED'],
    );
    assert.not.match(troubles[0]?.reason ?? '', 'token=');
    assert.equal(feed.taken, []);
  });
});

test('nobody there: changes are made as ever, it is told once, and stop is not held up', async () => {
  const port = await freePort();
  let stoppedAfterMs = 0;
  const troubles = await runCluster(linkText(`http://127.0.0.1:${port}/`, TOKEN), async (told) => {
    await until('told', () => told.length > 0);
    await pause(600);
    stoppedAfterMs = performance.now();
  });
  stoppedAfterMs = performance.now() - stoppedAfterMs;
  assert.equal(
    troubles.map(({ code }) => code),
    ['NOT_RUNNING'],
  );
  assert.ok(stoppedAfterMs < 5000, `${stoppedAfterMs} ms`);
});

test('an inspector that comes later, and another one in its place, know the nodes', async () => {
  const port = await freePort();
  const options = { port, token: TOKEN, print };
  const link = linkText(`http://127.0.0.1:${port}/`, TOKEN);
  await runCluster(link, async () => {
    for (let round = 0; round < 2; round += 1) {
      await using inspector = createInspector(options);
      await inspector.start();
      await until('both nodes', () => rolesIn(inspector).join() === 'master,slave');
    }
  });
});

test('what does not fit while it is away gives way to a gap and what is known', async () => {
  await withServer(async ({ server, feed }) => {
    const restarts: number[] = [];
    const node = 'n';
    const sender = new Sender({
      link: parseLink(linkText(server.address, TOKEN)),
      id: 'sender',
      clock: systemClock,
      restart: (count) => {
        restarts.push(count);
        return [writeLine({ kind: 'gap', at: 1, node, count, reason: 'buffer' })];
      },
      troubled: (code, reason) => assert.unreachable(`${code} ${reason}`),
    });
    const trouble = { code: 'TIMEOUT', reason: 'x'.repeat(1000), heuristic: false };
    const sent = 10_000;
    const line = writeLine({ kind: 'trouble', at: 2, node, trouble });
    // All in one turn: nothing can be sent meanwhile.
    for (let index = 0; index < sent; index += 1) sender.take([line]);
    await sender.close(DEADLINE_MS);
    const gaps = feed.taken.flatMap((entry) => (entry.kind === 'gap' ? [entry.count] : []));
    const dropped = gaps.reduce((sum, count) => sum + count, 0);
    assert.ok(restarts.length > 0);
    const arrived = feed.taken.filter(({ kind }) => kind === 'trouble').length;
    assert.is(arrived + dropped, sent);
    assert.is(feed.taken.at(-1)?.kind, 'trouble');
  });
});

/** Lines of a thousand characters. */
function troubleLines(count: number, at: number): string[] {
  const trouble = { code: 'TIMEOUT', reason: 'x'.repeat(1000), heuristic: false };
  const line = writeLine({ kind: 'trouble', at, node: 'n', trouble });
  return Array.from({ length: count }, () => line);
}

test('while nobody answers, what is known is not written anew for each line', async () => {
  const port = await freePort();
  let restarts = 0;
  const sender = new Sender({
    link: parseLink(linkText(`http://127.0.0.1:${port}/`, TOKEN)),
    id: 'sender',
    clock: systemClock,
    restart: () => {
      restarts += 1;
      return troubleLines(6000, 1);
    },
    troubled: () => undefined,
  });
  // Twenty million characters, of which six million may wait.
  for (let turn = 0; turn < 200; turn += 1) sender.take(troubleLines(100, 2));
  await sender.close(1);
  assert.ok(restarts > 0 && restarts <= 4, `${restarts} restarts`);
});

test('what is known arrives whole, also where it is longer than what may wait', async () => {
  await withServer(async ({ server, feed }) => {
    const [known, sent, perTurn] = [6000, 5000, 100];
    let restarts = 0;
    const sender = new Sender({
      link: parseLink(linkText(server.address, TOKEN)),
      id: 'sender',
      clock: systemClock,
      restart: (count) => {
        restarts += 1;
        const gap = writeLine({ kind: 'gap', at: 1, node: 'n', count, reason: 'buffer' });
        return [gap, ...troubleLines(known, 1)];
      },
      troubled: (code, reason) => assert.unreachable(`${code} ${reason}`),
    });
    for (let turn = 0; turn < sent / perTurn; turn += 1) sender.take(troubleLines(perTurn, 2));
    await sender.close(DEADLINE_MS);
    const count = (at: number): number =>
      feed.taken.filter((entry) => entry.kind === 'trouble' && entry.at === at).length;
    const gaps = feed.taken.flatMap((entry) => (entry.kind === 'gap' ? [entry.count] : []));
    assert.is(restarts, 1);
    assert.is(count(1), known);
    assert.is(gaps.length, 1);
    assert.is(count(2) + (gaps[0] ?? 0), sent);
  });
});

test('a batch that is sent twice is taken once', async () => {
  await withServer(async ({ ask, feed }) => {
    const line = writeLine({ kind: 'node-end', at: 1, node: 'n' });
    const post = (batch: string) => {
      const headers = { ...LINES, 'replichart-batch': batch };
      return ask('/ingest', { method: 'POST', headers, body: `${line}\n` });
    };
    for (const batch of ['a 1', 'a 1', 'b 1', 'a 2', 'a 1']) {
      assert.is((await post(batch)).status, 200, batch);
    }
    assert.is(feed.taken.length, 3);
  });
});

test('hostile lines are refused as a whole batch, and none of it goes on', async () => {
  await withServer(async ({ ask, feed, reports }) => {
    const good = writeLine({ kind: 'node-end', at: 1, node: 'n' });
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const hostile = [
      'no json',
      '[]',
      'null',
      '{}',
      '{"kind":"unheard-of","at":1}',
      '{"kind":"node-end","at":"now","node":"n"}',
      '{"kind":"node-end","at":1,"node":{"toString":1}}',
      '{"kind":"report","at":1,"node":"n","report":{"role":"master"}}',
      '{"kind":"step","at":1,"actor":"a","event":{"type":1},"taken":[]}',
      '{"kind":"keyframe","at":1,"entries":[{"kind":"node-end"}]}',
      `{"kind":"step","at":1,"actor":"a","event":{"type":"x","deep":${deep}},"taken":[]}`,
      deep,
    ];
    for (const line of hostile) {
      const body = `${good}\n${line}\n`;
      const { status, body: said } = await ask('/ingest', { method: 'POST', headers: LINES, body });
      assert.is(status, 400, line.slice(0, 100));
      assert.match(said, 'line 2');
    }
    const bytes = Buffer.from([0xff, 0xfe, 0x0a]);
    assert.is((await ask('/ingest', { method: 'POST', headers: LINES, body: bytes })).status, 400);
    assert.equal(feed.taken, []);
    assert.equal(reports, []);
    const polluting = '{"kind":"step","at":1,"actor":"a","event":{"type":"x","__proto__":{"p":1}},';
    const body = `${polluting}"taken":[]}\n`;
    await ask('/ingest', { method: 'POST', headers: LINES, body });
    assert.is(({} as { p?: number }).p, undefined);
  });
});

test('a keyframe of one host does not replace what is known of others', async () => {
  await withServer(async ({ ask, feed }) => {
    const entries: Entry[] = [{ kind: 'node-end', at: 1, node: 'n' }];
    const body = `${writeLine({ kind: 'keyframe', at: 1, entries })}\n`;
    assert.is((await ask('/ingest', { method: 'POST', headers: LINES, body })).status, 200);
    assert.equal(feed.taken, entries);
  });
});

test('a node that was killed ends when its successor of the same name begins', async () => {
  await withServer(async ({ ask, feed }) => {
    const post = async (role: 'master' | 'slave', node: string): Promise<void> => {
      const process = { pid: 1, host: 'h' };
      const names = { role, item: 'settings', id: 's1', incarnation: node };
      const body = `${writeLine({ kind: 'node', at: 1, node, ...names, process })}\n`;
      assert.is((await ask('/ingest', { method: 'POST', headers: LINES, body })).status, 200);
    };
    await post('slave', 'one');
    await post('slave', 'one');
    await post('master', 'other');
    await post('slave', 'two');
    const ends = feed.taken.flatMap((entry) => (entry.kind === 'node-end' ? [entry.node] : []));
    assert.equal(ends, ['one']);
    assert.is(feed.taken.length, 5);
  });
});

test('only a whole link is taken, and no message shows what was given', () => {
  const network = memoryNetwork();
  const wrong = [
    'http://127.0.0.1:7500',
    'http://127.0.0.1:7500/#token=',
    'http://127.0.0.1:7500/?token=abcdefghijklmnop',
    'http://user:secretsecret@127.0.0.1:7500/#token=abcdefghijklmnop',
    'http://127.0.0.1:7500/page#token=abcdefghijklmnop',
    'file:///#token=abcdefghijklmnop',
    'abcdefghijklmnop',
  ];
  for (const inspector of wrong) {
    try {
      const transport = network.connect({ to: 'master', name: 's' });
      createSlave({ item: 'a', data: document({}), transport, inspector });
      assert.unreachable(inspector);
    } catch (error) {
      assert.instance(error, ReplicationError);
      assert.match(String(error), '"inspector" of createSlave');
      assert.not.match(String(error), 'abcdefghijklmnop');
      assert.not.match(String(error), 'secretsecret');
    }
  }
});

test.run();
