/** The stream of entries: what a reader gets, and what one that cannot keep up gets. */
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BEARER,
  HEADER,
  KEYFRAME,
  LINES,
  type Served,
  TOKEN,
  withServer,
} from '../support/inspector-server.js';

const test = suite('inspector: stream of entries');

const lineOf = (index: number, width = 0): string =>
  JSON.stringify({
    kind: 'trouble',
    at: index,
    node: 'n',
    trouble: { code: 'TIMEOUT', reason: 'x'.repeat(width), heuristic: false },
  });

/** A stream as the page reads it: `fetch`, the token in a header. */
async function openStream({ port }: Served): Promise<{
  readonly response: Response;
  readonly next: () => Promise<string>;
  readonly cancel: () => Promise<void>;
}> {
  const response = await fetch(`http://127.0.0.1:${port}/entries`, { headers: BEARER });
  assert.is(response.status, 200);
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const next = async (): Promise<string> => {
    while (!rest.includes('\n')) {
      const { value, done } = await reader.read();
      if (done) return 'THE END';
      rest += value;
    }
    const end = rest.indexOf('\n');
    const line = rest.slice(0, end);
    rest = rest.slice(end + 1);
    return line;
  };
  return { response, next, cancel: () => reader.cancel() };
}

test('header, keyframe, history, and then what happens, in order', async () => {
  await withServer(async (served) => {
    served.feed.history.push(lineOf(1), lineOf(2));
    const { response, next, cancel } = await openStream(served);
    assert.is(response.headers.get('content-type'), 'application/x-ndjson');
    assert.is(response.headers.get('replichart-source'), 'live');
    for (const line of [HEADER, KEYFRAME, lineOf(1), lineOf(2)]) assert.is(await next(), line);
    served.feed.push([lineOf(3), lineOf(4)]);
    assert.is(await next(), lineOf(3));
    assert.is(await next(), lineOf(4));
    await cancel();
  });
});

test('an empty line comes while nothing happens', async () => {
  await withServer(
    async (served) => {
      const { next, cancel } = await openStream(served);
      await next();
      await next();
      assert.is(await next(), '');
      assert.is(await next(), '');
      await cancel();
    },
    { small: { pulseMs: 20 } },
  );
});

test('a recording ends with its last line, and /recording ends with the newest', async () => {
  await withServer(async (served) => {
    served.feed.history.push(lineOf(1));
    const { body } = await served.ask('/recording', { headers: BEARER });
    assert.is(body, `${HEADER}\n${KEYFRAME}\n${lineOf(1)}\n`);
    assert.is(served.feed.listeners.size, 0, 'nobody listens any more');
  });
});

test('stop ends the streams', async () => {
  await withServer(async (served) => {
    const { next } = await openStream(served);
    await next();
    await next();
    await served.server.stop();
    const last = await next().catch(() => 'THE END');
    assert.is(last, 'THE END');
    assert.is(served.feed.listeners.size, 0);
  });
});

async function openPaused({ dial, port }: Served): Promise<Socket> {
  const socket = await dial();
  const started = new Promise((resolve) => socket.once('data', resolve));
  socket.write(
    `GET /entries HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
  );
  await started;
  socket.pause();
  return socket;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a reader that takes nothing skips: a gap, a keyframe of now, and on from there', async () => {
  await withServer(
    async (served) => {
      const { feed } = served;
      const socket = await openPaused(served);
      // More than the system's buffers of a connection hold.
      let pushed = 0;
      while (feed.skips === 0) {
        assert.ok(pushed < 2000, 'it never skipped');
        feed.push([lineOf(pushed, 50_000)]);
        pushed += 1;
        await turn();
      }
      const last = lineOf(-1);
      feed.push([last]);
      let text = '';
      await new Promise<void>((resolve) => {
        socket.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (text.endsWith(`${last}\n`)) resolve();
        });
        socket.resume();
      });
      socket.destroy();
      const lines = text.split('\n').filter((line) => line.startsWith('{'));
      const gaps = lines.flatMap((line, index) =>
        line.startsWith('{"kind":"gap"') ? [index] : [],
      );
      assert.ok(gaps.length >= 1, 'no gap');
      let dropped = 0;
      for (const index of gaps) {
        const gap = JSON.parse(lines[index] ?? '') as { count: number; node: string };
        assert.is(gap.node, '');
        dropped += gap.count;
        assert.is(lines[index + 1], KEYFRAME);
      }
      const told = lines.filter((line) => line.startsWith('{"kind":"trouble"')).length - 1;
      assert.is(told + dropped, pushed, 'every line was either sent or counted in a gap');
    },
    { small: { readerBytesMax: 200_000 } },
  );
});

test('history may be longer than the limit of what waits', async () => {
  await withServer(
    async (served) => {
      const history = Array.from({ length: 500 }, (_, index) => lineOf(index, 1000));
      served.feed.history.push(...history);
      const { body } = await served.ask('/recording', { headers: BEARER });
      assert.is(body.split('\n').length, history.length + 3);
      assert.is(served.feed.skips, 0);
    },
    { small: { readerBytesMax: 1000 } },
  );
});

test('a reader that takes nothing for long is disconnected', async () => {
  await withServer(
    async (served) => {
      const { feed } = served;
      const socket = await openPaused(served);
      // The system takes some megabytes for it; from then on it is stalled.
      while (feed.listeners.size > 0) {
        feed.push([lineOf(0, 50_000)]);
        await turn();
      }
      socket.destroy();
    },
    { small: { readerStallMs: 100 } },
  );
});

test('what hosts elsewhere send reaches readers', async () => {
  await withServer(async (served) => {
    const { next, cancel } = await openStream(served);
    await next();
    await next();
    const body = `${lineOf(7)}\n`;
    const reply = await served.ask('/ingest', { method: 'POST', headers: LINES, body });
    assert.is(reply.status, 200);
    assert.is(await next(), lineOf(7));
    await cancel();
  });
});

test.run();
