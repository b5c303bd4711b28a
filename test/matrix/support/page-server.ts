/** Serves one page and its script on loopback. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PageServer {
  readonly server: http.Server;
  readonly port: number;
  readonly origin: string;
  close(): Promise<void>;
}

// No icon: a browser would ask for one, and complain that there is none.
const documentOf = (title: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,">
<body><main><h1>${title}</h1></main><script type="module" src="page.js"></script></body></html>`;

/** @param port 0 lets the system choose */
export async function servePage(title: string, script: string, port = 0): Promise<PageServer> {
  const server = http.createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : documentOf(title));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: chosen } = server.address() as AddressInfo;
  return {
    server,
    port: chosen,
    origin: `http://127.0.0.1:${chosen}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
