/** The files of the page, found once by listing them: no path is ever made from a request. */
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pageFolder } from './package-files.js';
import { replyText, SAFE_HEADERS } from './replies.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

interface Asset {
  readonly path: string;
  readonly type: string;
}

export class Assets {
  readonly #files: ReadonlyMap<string, Asset>;

  private constructor(files: ReadonlyMap<string, Asset>) {
    this.#files = files;
  }

  /**
   * Files of other kinds than a page has are not served, whatever lies there.
   * @param index the file that `/` stands for
   * @param folder that of the page unless given
   */
  static async list(index: string, folder = pageFolder()): Promise<Assets> {
    const files = new Map<string, Asset>();
    const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of found) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const asset = { path: join(folder, entry.name), type };
      files.set(`/${entry.name}`, asset);
      if (entry.name === index) files.set('/', asset);
    }
    return new Assets(files);
  }

  get isEmpty(): boolean {
    return !this.#files.has('/');
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  async send(path: string, response: ServerResponse): Promise<void> {
    const asset = this.#files.get(path);
    if (asset === undefined) {
      const missing = path === '/' ? 'the page is not built: run "npm run build"' : 'not found';
      replyText(response, 404, missing);
      return;
    }
    const bytes = await readFile(asset.path);
    const headers = { 'content-type': asset.type, 'content-length': bytes.length };
    response.writeHead(200, { ...SAFE_HEADERS, ...headers });
    response.end(bytes);
  }
}
