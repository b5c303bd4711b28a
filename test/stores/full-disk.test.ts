/** T24-T26: a disk that is really full, on a small file system of its own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { diskStore } from '../../lib/stores/disk.js';
import { contentOf, failureOf, openItem, put, reopened } from '../support/store-storage.js';

const test = suite('stores: full disk');
const SIZE_MIB = 12;
const BALLAST_MIB = 5;
const VALUE = 'x'.repeat(30_000);

function mount(folder: string): boolean {
  const options = ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'replichart', folder];
  return spawnSync('mount', options).status === 0;
}

/** Runs `use` on a file system of a few MiB; false where this machine allows no mount. */
async function withSmallDisk(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'replichart-small-'));
  if (!mount(folder)) throw new Error(`cannot mount a small file system at ${folder}`);
  try {
    await writeFile(join(folder, 'ballast'), Buffer.alloc(BALLAST_MIB * 1024 * 1024));
    await mkdir(join(folder, 'store'));
    await use(folder);
  } finally {
    const { status } = spawnSync('umount', ['-l', folder]);
    if (status === 0) rmdirSync(folder);
  }
}

/** Needs root and mount; on CI a machine without them is an error, elsewhere a named skip. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'replichart-mount-'));
  const mounted = mount(folder);
  if (mounted) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return mounted;
}

const register: (name: string, run: () => Promise<void>) => void =
  canMount() || process.env.CI !== undefined
    ? test
    : (name) => test.skip(`${name} (skipped: this user may not mount)`);

register('T24, F7: ENOSPC is coded and final; what was acknowledged is there again later', () =>
  withSmallDisk(async (folder) => {
    const definition = diskStore(join(folder, 'store'), { writeBufferBytes: 256 * 1024 });
    const storage = await openItem(definition);
    let acknowledged = 0;
    const fill = async () => {
      for (let version = 1; version <= 2000; version += 1) {
        const change = { records: { version }, data: [put(`k${version}`, VALUE)] };
        await storage.write(change, { sync: version % 2 === 0 });
        acknowledged = version;
      }
    };
    const error = await failureOf(fill);
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, 'ENOSPC');
    assert.match(error.message, folder);
    const later = await failureOf(() => storage.write({ records: { v: 1 } }, { sync: true }));
    assert.is(later.code, 'STORE_FAILED', 'no later write is tried');
    await storage.close();
    await rm(join(folder, 'ballast'));
    const { records, data } = await reopened(definition);
    const version = Number(records.version);
    assert.ok(acknowledged > 10 && version >= acknowledged, `${version} of ${acknowledged}`);
    assert.is(Object.keys(data).length, version);
  }),
);

register('S13: ENOSPC in a replacement leaves the old state, and no half one after a restart', () =>
  withSmallDisk(async (folder) => {
    const definition = diskStore(join(folder, 'store'), { writeBufferBytes: 256 * 1024 });
    const storage = await openItem(definition);
    await storage.write({ records: { version: 1 }, data: [put('old', 'state')] }, { sync: true });
    async function* endless() {
      for (let index = 0; ; index += 1) yield [put(`new-${index}`, VALUE)];
    }
    const change = () => ({ records: { version: 2 } });
    const error = await failureOf(() => storage.replace(endless(), change));
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, 'ENOSPC');
    await storage.close();
    await rm(join(folder, 'ballast'));
    const again = await openItem(definition);
    const old = { records: { version: 1 }, data: { old: 'state' } };
    assert.equal(await contentOf(again), old);
    await again.close();
    const store = await definition.open();
    let keys = 0;
    for await (const part of store.entries('master/8/settings/d/')) keys += part.length;
    await store.close();
    assert.is(keys, 1, 'the half generation is gone');
  }),
);

test.run();
