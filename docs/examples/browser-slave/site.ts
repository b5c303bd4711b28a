/**
 * The site: serves the page, and tells it where the master is and the secret. Whoever may load
 * `/session` may be a slave: here everybody on this machine, in a product who has logged in.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild-wasm';
import type { Session } from './board.js';

const { SITE_PORT = '7481', MASTER = 'ws://127.0.0.1:7480/replichart', SECRET } = process.env;
if (SECRET === undefined) throw new Error('SECRET is missing: the master and the pages share it');

// From dist/docs/examples/browser-slave to the sources.
const html = new URL('../../../../docs/examples/browser-slave/index.html', import.meta.url);

/** As any bundler does it for a browser. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.js', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

const script = await bundle();
const session: Session = { url: MASTER, secret: SECRET };
const answers: Readonly<Record<string, readonly [type: string, text: string]>> = {
  '/': ['text/html', readFileSync(html, 'utf8')],
  '/page.js': ['text/javascript', script],
  '/session': ['application/json', JSON.stringify(session)],
};

const server = createServer(({ url = '' }, response) => {
  const answer = answers[url];
  response.writeHead(answer === undefined ? 404 : 200, {
    'Content-Type': answer?.[0] ?? 'text/plain',
    'Cache-Control': 'no-store',
  });
  response.end(answer?.[1] ?? 'There is no such page.');
});
server.listen(Number(SITE_PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ site: `http://127.0.0.1:${SITE_PORT}/` }));
});
