/** What a host gets with `npm install`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readManifest } from '../support/manifest.js';
import { packageRoot } from '../support/package-root.js';
import { outputOf, runCommand } from '../support/run-command.js';

const test = suite('package');

const PACK_DEADLINE_MS = 60_000;

interface Packed {
  readonly files: ReadonlyArray<{ readonly path: string }>;
}

async function packedFiles(): Promise<string[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const result = await runCommand('npm', args, { deadlineMs: PACK_DEADLINE_MS });
  assert.is(result.code, 0, outputOf(result));
  const [packed] = JSON.parse(result.stdout) as Packed[];
  return packed?.files.map(({ path }) => path) ?? [];
}

let packing: Promise<string[]> | undefined;
const packed = (): Promise<string[]> => {
  packing ??= packedFiles();
  return packing;
};

test('every export and command exists, with its types, and is packed', async () => {
  const { exports, bin } = readManifest();
  const code = [...Object.values(exports), ...Object.values(bin)].filter((path) =>
    path.endsWith('.js'),
  );
  assert.ok(code.length > 1);
  const files = new Set(await packed());
  const needed = code.flatMap((path) => [path, path.replace(/\.js$/, '.d.ts')]);
  const missing = needed.filter((path) => {
    return !existsSync(join(packageRoot, path)) || !files.has(path.replace(/^\.\//, ''));
  });
  assert.equal(missing, []);
});

test('only the library, its machines and the root pages are packed', async () => {
  const code = /^dist\/(lib|machines)\/.+\.(js|d\.ts|js\.map)$/;
  const pages = new Set(['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json']);
  // What a browser is served: bundles, their sheets, and the licences of what is in them.
  const assets = /^dist\/lib\/inspector\/page\/assets\/[\w.-]+\.(js|css|html|txt)$/;
  const files = await packed();
  assert.equal(
    files.filter((path) => !code.test(path) && !assets.test(path) && !pages.has(path)),
    [],
  );
  assert.equal(
    [...pages].filter((page) => !files.includes(page)),
    [],
  );
});

test('nothing packed names the machine it was built on', async () => {
  const files = await packed();
  assert.ok(files.length > 10, 'hardly anything is packed');
  const leaking = files.filter((path) => {
    return readFileSync(join(packageRoot, path), 'utf8').includes(packageRoot);
  });
  assert.equal(leaking, []);
});

test('source maps carry their sources, which are not packed', async () => {
  const maps = (await packed()).filter((path) => path.endsWith('.map'));
  assert.ok(maps.length > 0, 'no source maps');
  const empty = maps.filter((path) => {
    const map: unknown = JSON.parse(readFileSync(join(packageRoot, path), 'utf8'));
    return typeof map !== 'object' || map === null || !('sourcesContent' in map);
  });
  assert.equal(empty, []);
});

test('every command begins with the line that makes it one', () => {
  const wrong = Object.values(readManifest().bin).filter((path) => {
    return !readFileSync(join(packageRoot, path), 'utf8').startsWith('#!/usr/bin/env node\n');
  });
  assert.equal(wrong, []);
});

test('the changelog has an entry for this version', () => {
  const text = readFileSync(join(packageRoot, 'CHANGELOG.md'), 'utf8');
  assert.ok(text.includes(`\n## ${readManifest().version}`));
});

test.run();
