/** What the inspector's server takes on at the most, and that it serves on behind each limit. */
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InspectorServer } from '../../lib/inspector/server/server.js';
import {
  BEARER,
  LINES,
  type Reply,
  readToEnd,
  type Served,
  TOKEN,
  withServer,
} from '../support/inspector-server.js';

const test = suite('inspector: limits of its server');

const STEP = '{"kind":"step","at":3,"actor":"a","event":{"type":"x"},"taken":[]}';

async function post({ ask }: Served, body: string | Buffer, headers = {}): Promise<Reply> {
  return ask('/ingest', { method: 'POST', headers: { ...LINES, ...headers }, body });
}

const head = (port: number): string =>
  `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n` +
  'Content-Type: application/x-ndjson\r\n';

test('a body over the limit is refused by its length, and where it gives none, at the limit', async () => {
  await withServer(
    async (served) => {
      const { dial, port, feed } = served;
      assert.is((await post(served, 'x'.repeat(1001))).status, 413);
      const socket = await dial();
      const answer = readToEnd(socket);
      socket.write(`POST /ingest HTTP/1.1\r\n${head(port)}Transfer-Encoding: chunked\r\n\r\n`);
      for (let part = 0; part < 3; part += 1) socket.write(`190\r\n${'y'.repeat(400)}\r\n`);
      assert.match(await answer, /^HTTP\/1\.1 413 /);
      assert.is((await post(served, `${STEP}\n`)).status, 200);
      assert.is(feed.taken.length, 1);
    },
    { small: { ingestBytesMax: 1000 } },
  );
});

test('the token is asked for before a body is read', async () => {
  await withServer(async ({ dial, port }) => {
    const socket = await dial();
    const answer = readToEnd(socket);
    socket.write(
      `POST /ingest HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 1000000\r\n\r\n`,
    );
    assert.match(await answer, /^HTTP\/1\.1 401 /, 'nothing of the body was sent');
  });
});

test('headers over the limit are answered with 431', async () => {
  await withServer(async ({ ask }) => {
    const reply = await ask('/', { headers: { 'x-long': 'x'.repeat(20_000) } });
    assert.is(reply.status, 431);
    assert.is((await ask('/')).status, 200);
  });
});

test('slow requests are cut off: headers that drip, a body that drips, and silence', async () => {
  await withServer(
    async ({ dial, port, ask }) => {
      const drips = [
        ['GET / HTTP/1.1\r\n', 'X-A: b\r\n'],
        [`POST /ingest HTTP/1.1\r\n${head(port)}Content-Length: 100000\r\n\r\n`, 'x'],
        ['', ''],
      ] as const;
      const answers = drips.map(async ([first, then]) => {
        const socket = await dial();
        const answer = readToEnd(socket);
        socket.write(first);
        const timer = setInterval(() => socket.write(then), 20);
        const text = await answer;
        clearInterval(timer);
        return text;
      });
      for (const text of await Promise.all(answers)) {
        assert.match(text, /^(HTTP\/1\.1 408 |$)/);
      }
      assert.is((await ask('/')).status, 200);
    },
    { small: { headersMs: 1000, requestMs: 2000 } },
  );
});

test('what is no HTTP gets 400 at the most, and harms nobody', async () => {
  await withServer(async ({ dial, ask, reports }) => {
    for (const garbage of [
      '\u0000\u0001\u0002\r\n\r\n',
      'GET\r\n\r\n',
      '\u0016\u0003\u0001\r\n\r\n',
    ]) {
      const socket = await dial();
      const answer = readToEnd(socket);
      socket.end(garbage);
      assert.match(await answer, /^(HTTP\/1\.1 400 |$)/);
    }
    assert.is((await ask('/')).status, 200);
    assert.equal(reports, []);
  });
});

test('connections that ask nothing keep nobody out: the one idle longest makes room', async () => {
  await withServer(
    async ({ ask, dial, port }) => {
      const reader = await dial();
      reader.write(`GET /entries HTTP/1.1\r\n${head(port)}\r\n`);
      await once(reader, 'data');
      const idle = await Promise.all(Array.from({ length: 30 }, () => dial()));
      for (const socket of idle) socket.on('error', () => socket.destroy());
      assert.is((await ask('/')).status, 200);
      assert.is(reader.destroyed, false, 'who is being answered stays');
      for (const socket of [...idle, reader]) socket.destroy();
    },
    { small: { connectionsMax: 8 } },
  );
});

test('one reader too many is told to come back, and may when another left', async () => {
  await withServer(
    async ({ ask, dial, port, feed }) => {
      const reader = await dial();
      reader.write(`GET /entries HTTP/1.1\r\n${head(port)}\r\n`);
      await new Promise((resolve) => reader.once('data', resolve));
      const refused = await ask('/recording', { headers: BEARER });
      assert.is(refused.status, 503);
      assert.ok(Number(refused.headers['retry-after']) > 0);
      const left = new Promise<void>((resolve) => {
        const look = (): void => {
          if (feed.listeners.size === 0) resolve();
          else setImmediate(look);
        };
        look();
      });
      reader.destroy();
      await left;
      assert.is((await ask('/recording', { headers: BEARER })).status, 200);
    },
    { small: { readersMax: 1 } },
  );
});

test('a port in use is an error that says what to do', async () => {
  await withServer(async ({ port }) => {
    const second = new InspectorServer({
      host: '127.0.0.1',
      port,
      source: null,
      token: null,
      report: () => undefined,
    });
    try {
      await second.start();
      assert.unreachable('it listens twice');
    } catch (error) {
      assert.is((error as { code?: string }).code, 'INVALID_OPTION');
      assert.match(String(error), 'the port is in use: give another one');
    } finally {
      await second.stop();
    }
  });
});

test.run();
