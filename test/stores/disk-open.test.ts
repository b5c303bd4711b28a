/** What `diskStore` says about a folder it cannot use, and that it changes nothing there. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { diskStore } from '../../lib/stores/disk.js';
import { changeFile, logOf, withFolder } from '../support/store-folder.js';
import { failureOf, openItem, put, reopened } from '../support/store-storage.js';

const test = suite('stores: opening a folder');

async function filled(folder: string, lives = 2): Promise<void> {
  for (let life = 1; life <= lives; life += 1) {
    const storage = await openItem(diskStore(folder));
    const change = { records: { life }, data: [put(`key-${life}`, 'value')] };
    await storage.write(change, { sync: true });
    await storage.close();
  }
}

test('options are checked at once, by name', () => {
  const wrong: Array<() => unknown> = [
    () => diskStore(''),
    () => diskStore('a\0b'),
    () => diskStore(7 as unknown as string),
    () => diskStore('x', { cacheBytes: 1 }),
    () => diskStore('x', { writeBufferBytes: Number.NaN }),
    () => diskStore('x', { cache: 7 } as object),
  ];
  for (const run of wrong) {
    assert.throws(run, (error: { code?: string }) => error.code === 'INVALID_OPTION');
  }
});

test('the folder is made with mode 0700, and its location is absolute', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'deep', 'store');
    await filled(path, 1);
    assert.is((await stat(path)).mode & 0o777, 0o700);
    assert.is(diskStore('relative').location, join(process.cwd(), 'relative'));
  }));

test('a path that is a file, or leads through one, is STORE_FAILED', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, 'precious');
    for (const path of [file, join(file, 'store')]) {
      const error = await failureOf(() => diskStore(path).open());
      assert.is(error.code, 'STORE_FAILED');
      assert.match(error.message, path);
      assert.match(error.message, 'file; name a folder');
      assert.match(String((error.cause as { code?: string }).code), /^E(EXIST|NOTDIR)$/);
    }
  }));

test('a second definition of the same folder in one process is refused, and told why', () =>
  withFolder(async (folder) => {
    const first = await openItem(diskStore(folder));
    const error = await failureOf(() => diskStore(folder).open());
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, folder);
    assert.match(error.message, 'in use');
    await first.write({ records: { still: 'alive' } }, { sync: true });
    await first.close();
    assert.equal((await reopened(diskStore(folder))).records, { still: 'alive' });
  }));

test('T37: files gone from a folder are CORRUPT, never a silent new beginning', async () => {
  const gone: Array<[RegExp, string]> = [
    [/^CURRENT$/, 'CURRENT'],
    [/^MANIFEST-/, 'MANIFEST'],
    [/\.ldb$/, ''],
    [/^(?!REPLICHART)/, ''],
  ];
  for (const [pattern, word] of gone) {
    await withFolder(async (folder) => {
      await filled(folder, 3);
      for (const name of await readdir(folder)) {
        if (pattern.test(name)) await rm(join(folder, name));
      }
      const error = await failureOf(() => reopened(diskStore(folder)));
      assert.is(error.code, 'CORRUPT', String(pattern));
      assert.match(error.message, folder);
      assert.match(error.message, word);
    });
  }
});

test('T37: a first life whose log is gone is CORRUPT, not empty', () =>
  withFolder(async (folder) => {
    await filled(folder, 1);
    await rm(await logOf(folder));
    const error = await failureOf(() => reopened(diskStore(folder)));
    assert.is(error.code, 'CORRUPT');
    assert.match(error.message, 'it held data');
  }));

test('a creation that was cut before CURRENT begins again', () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, 'MANIFEST-000001'), '');
    await filled(folder, 1);
    assert.equal((await reopened(diskStore(folder))).records, { life: 1 });
  }));

test('T32: a folder moved away is a new beginning; moved back it is the old content', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'store');
    const definition = diskStore(path);
    await filled(path, 1);
    await rename(path, `${path}-aside`);
    assert.equal(await reopened(definition), { records: {}, data: {} });
    await rm(path, { recursive: true });
    await rename(`${path}-aside`, path);
    assert.equal((await reopened(definition)).records, { life: 1 });
  }));

test('T32: a folder removed under an open store ends no process; the next start is empty', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'store');
    const definition = diskStore(path, { writeBufferBytes: 64 * 1024 });
    const storage = await openItem(definition);
    await storage.write({ records: { version: 1 } }, { sync: true });
    await rm(path, { recursive: true });
    const goOn = async () => {
      for (let version = 2; version < 500; version += 1) {
        const change = { records: { version }, data: [put(`k${version}`, 'x'.repeat(2000))] };
        await storage.write(change, { sync: version % 2 === 0 });
      }
    };
    const error = await failureOf(goOn);
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, 'ENOENT');
    assert.match(error.message, path);
    await storage.close();
    assert.equal(await reopened(definition), { records: {}, data: {} });
  }));

test('a damaged CURRENT or MANIFEST is CORRUPT and names the folder', async () => {
  for (const name of ['CURRENT', 'MANIFEST']) {
    await withFolder(async (folder) => {
      await filled(folder);
      const file = (await readdir(folder)).find((each) => each.startsWith(name));
      assert.ok(file);
      await changeFile(join(folder, file), (bytes) =>
        Buffer.from(bytes.map((byte) => byte ^ 0x55)),
      );
      const error = await failureOf(() => reopened(diskStore(folder)));
      assert.is(error.code, 'CORRUPT');
      assert.match(error.message, folder);
    });
  }
});

/** Runs a script in a process of its own; returns its output. */
function runScript(script: string, options: { readonly uid?: number } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], options);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

const diskUrl = new URL('../../lib/stores/disk.js', import.meta.url).href;
const openScript = (folder: string): string => `
  const { diskStore } = await import(${JSON.stringify(diskUrl)});
  const error = await diskStore(${JSON.stringify(folder)}).open().catch((thrown) => thrown);
  console.log(error.code, error.message, error.cause?.code);
`;

test('without classic-level the error says what to install', async () => {
  const hook = `export async function resolve(name, context, next) {
    const missing = () => Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
    if (name === 'classic-level') throw missing();
    return next(name, context);
  }`;
  const output = await runScript(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    ${openScript('/nowhere')}
  `);
  assert.match(output, /^STORE_FAILED .*npm install classic-level/);
});

test('a folder without the right to write is STORE_FAILED with EACCES', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'locked');
    await mkdir(path, { mode: 0o500 });
    await chmod(folder, 0o755);
    // Rights do not bind root, so root tries as somebody else.
    const root = process.getuid?.() === 0;
    await chmod(path, root ? 0o555 : 0o500);
    const script = root ? `process.setuid(65534); ${openScript(path)}` : openScript(path);
    const output = await runScript(script);
    assert.match(output, 'STORE_FAILED');
    assert.match(output, 'EACCES');
    assert.match(output, path);
    assert.match(output, 'right to read and write');
  }));

test.run();
