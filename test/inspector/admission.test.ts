/** A12: who may read from the inspector, and who not; over real sockets. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isBearer, newToken, TOKEN_PATTERN } from '../../lib/inspector/server/token.js';
import { BEARER, HEADER, readToEnd, TOKEN, withServer } from '../support/inspector-server.js';

const test = suite('inspector: admission');

const DATA = ['/entries', '/recording', '/metrics'];
const EVERYTHING = ['/', '/page.js', '/nothing', ...DATA];

test('data needs the token: none, a wrong one, a part of it, another scheme', async () => {
  await withServer(async ({ ask, port }) => {
    const wrong = [
      {},
      { authorization: `Bearer ${newToken()}` },
      { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Basic ${TOKEN}` },
      { authorization: TOKEN },
      { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] as unknown as string },
      { cookie: `token=${TOKEN}` },
    ];
    for (const path of DATA) {
      for (const headers of wrong) {
        const reply = await ask(path, { headers });
        assert.is(reply.status, 401, `${path} ${JSON.stringify(headers)}`);
        assert.is(reply.headers['www-authenticate'], 'Bearer');
        assert.not.match(reply.body, HEADER);
      }
      const inUrl = await ask(`${path}?token=${TOKEN}`);
      assert.is(inUrl.status, 401, 'a token in the address is none');
    }
    const post = await ask('/ingest', { method: 'POST', body: '{}' });
    assert.is(post.status, 401);
    const good = await ask('/metrics', { headers: { ...BEARER, host: `localhost:${port}` } });
    assert.is(good.status, 200);
  });
});

test('the page itself needs no token, and is served with its headers', async () => {
  await withServer(async ({ ask }) => {
    const page = await ask('/');
    assert.is(page.status, 200);
    assert.match(page.body, 'page');
    const policy = String(page.headers['content-security-policy']);
    for (const part of [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.includes(part), part);
    }
    assert.not.match(policy, 'unsafe-inline');
    assert.is(page.headers['x-frame-options'], 'DENY');
    assert.is(page.headers['x-content-type-options'], 'nosniff');
    assert.is(page.headers['cache-control'], 'no-store');
    assert.is((await ask('/page.js')).headers['content-type'], 'text/javascript; charset=utf-8');
  });
});

test('no answer allows another origin to read it', async () => {
  await withServer(async ({ ask }) => {
    for (const path of EVERYTHING) {
      const { headers } = await ask(path);
      const names = Object.keys(headers).filter((name) => name.startsWith('access-control'));
      assert.equal(names, [], path);
    }
  });
});

test('a foreign Host is refused everywhere, token or not (DNS rebinding)', async () => {
  await withServer(async ({ ask, port, dial }) => {
    const hosts = [
      'evil.test',
      `evil.test:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
      `127.0.0.1.evil.test:${port}`,
      `127.0.0.2:${port}`,
      `[::1]:${port}`,
      `user@127.0.0.1:${port}`,
    ];
    for (const path of EVERYTHING) {
      for (const host of hosts) {
        const reply = await ask(path, { headers: { ...BEARER, host } });
        assert.is(reply.status, 403, `${path} ${host}`);
      }
    }
    const own = `Host: 127.0.0.1:${port}\r\n`;
    for (const lines of [`${own}Host: evil.test\r\n`, `Host: evil.test\r\n${own}`, '']) {
      const socket = await dial();
      const answer = readToEnd(socket);
      socket.write(`GET / HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
      assert.match(await answer, /^HTTP\/1\.1 40[03] /, lines);
    }
  });
});

test('a foreign Origin is refused everywhere, streams included', async () => {
  await withServer(async ({ ask, port, feed }) => {
    const origins = [
      'http://evil.test',
      'null',
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port + 1}`,
      `http://127.0.0.1:${port}.evil.test`,
    ];
    for (const path of EVERYTHING) {
      for (const origin of origins) {
        const reply = await ask(path, { headers: { ...BEARER, origin } });
        assert.is(reply.status, 403, `${path} ${origin}`);
      }
    }
    const accept = { ...BEARER, accept: 'text/event-stream', origin: 'http://evil.test' };
    assert.is((await ask('/entries', { headers: accept })).status, 403);
    assert.is(feed.listeners.size, 0, 'nobody was subscribed');
    const own = { ...BEARER, origin: `http://127.0.0.1:${port}` };
    assert.is((await ask('/recording', { headers: own })).status, 200);
  });
});

test('what another site embeds is refused; a link to the page works, a link to data not', async () => {
  await withServer(async ({ ask }) => {
    const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    const sibling = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' };
    for (const path of ['/page.js', '/', ...DATA]) {
      assert.is((await ask(path, { headers: { ...BEARER, ...embedded } })).status, 403, path);
      assert.is((await ask(path, { headers: { ...BEARER, ...sibling } })).status, 403, path);
    }
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    assert.is((await ask('/', { headers: link })).status, 200);
    assert.is((await ask('/recording', { headers: { ...BEARER, ...link } })).status, 403);
    const frame = { ...link, 'sec-fetch-dest': 'iframe' };
    assert.is((await ask('/', { headers: frame })).status, 403);
  });
});

test('a WebSocket is refused, of whatever origin', async () => {
  await withServer(async ({ dial, port }) => {
    for (const origin of ['http://evil.test', `http://127.0.0.1:${port}`]) {
      const socket = await dial();
      const answer = readToEnd(socket);
      socket.write(
        `GET /entries HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\n` +
          `Authorization: Bearer ${TOKEN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      assert.match(await answer, /^HTTP\/1\.1 403 /);
    }
  });
});

test('only GET is answered, but for /ingest, which takes only POST', async () => {
  await withServer(async ({ ask }) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD']) {
      for (const path of EVERYTHING) {
        const reply = await ask(path, { method, headers: BEARER });
        assert.is(reply.status, 405, `${method} ${path}`);
      }
    }
    assert.is((await ask('/ingest', { headers: BEARER })).status, 405);
  });
});

test('no path leads out of the folder of the page, or to what is no part of a page', async () => {
  await withServer(async ({ dial, ask, port }) => {
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/./page.js',
      '/page.js%00',
      '\\..\\secret.txt',
      'http://127.0.0.1/page.js',
      '*',
      '/secret.txt',
      '/__proto__',
      '/constructor',
    ];
    for (const path of paths) {
      const socket = await dial();
      const answer = readToEnd(socket);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
      assert.match(await answer, /^HTTP\/1\.1 40[04] /, path);
    }
    assert.is((await ask('/page.js')).status, 200, 'it still serves');
  });
});

test('a token holds 128 bits at least, and is compared as a whole', () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken));
  assert.is(tokens.size, 100);
  for (const token of tokens) {
    assert.match(token, TOKEN_PATTERN);
    assert.ok(Buffer.from(token, 'base64url').length * 8 >= 128);
    assert.ok(isBearer(`Bearer ${token}`, token));
    assert.not(isBearer(undefined, token));
    assert.not(isBearer(`bearer  ${token}`, token));
  }
});

test.run();
