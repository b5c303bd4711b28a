/** What a host gets with `npm install`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readManifest } from '../support/manifest.js';
import { packageRoot } from '../support/package-root.js';
import { outputOf, runCommand } from '../support/run-command.js';

const test = suite('package');

const PACK_DEADLINE_MS = 110_000;

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
  const entries = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.types, target.default, `${target.default}.map`],
  );
  assert.ok(entries.length > 3);
  const files = new Set(await packed());
  const missing = [...entries, ...Object.values(bin)].filter((path) => {
    return !existsSync(join(packageRoot, path)) || !files.has(path.replace(/^\.\//, ''));
  });
  assert.equal(missing, []);
});

test('entries that share a module share its one copy', async () => {
  const { ReplicationError } = await import('replichart');
  const { memoryNetwork } = await import('replichart/transports/memory');
  // A second copy of errors.ts would make errors that no host can catch by their class.
  assert.throws(
    () => memoryNetwork({ maxFrameBytes: 0 }),
    (error: unknown) => error instanceof ReplicationError && error.code === 'INVALID_OPTION',
  );
});

test('only the library, its machines and the root pages are packed', async () => {
  const code = /^dist\/(lib|machines|package)\/.+\.(js|d\.ts|js\.map)$/;
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
