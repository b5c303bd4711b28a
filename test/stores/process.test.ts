/** S3, T41: real processes on one folder, killed in the middle of writing, or refused. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { diskStore } from '../../lib/stores/disk.js';
import { startChild } from '../support/store-child.js';
import { withFolder } from '../support/store-folder.js';
import { failureOf, openItem, reopened } from '../support/store-storage.js';

const test = suite('stores: processes');

/** Writes version after version, every third one unsynced, and says each when acknowledged. */
const writer = (folder: string): string => `
  const storage = await open(${JSON.stringify(folder)});
  let version = storage.records().get('version') ?? 0;
  for await (const part of storage.data()) say({ loaded: part.length });
  say({ ready: version });
  for (;;) {
    const first = version + 1;
    const group = Array.from({ length: 4 }, async () => {
      version += 1;
      const mine = version;
      const data = [{ key: 'k' + (mine % 500), value: new TextEncoder().encode('v' + mine) }];
      await storage.write({ records: { version: mine }, data }, { sync: mine % 3 !== 0 });
      say({ acknowledged: mine });
    });
    await Promise.all(group);
  }
`;

function expectedData(version: number): Record<string, string> {
  const data: Record<string, string> = {};
  for (let each = Math.max(1, version - 499); each <= version; each += 1) {
    data[`k${each % 500}`] = `v${each}`;
  }
  return data;
}

const sorted = (data: Record<string, string | undefined>): string =>
  JSON.stringify(Object.entries(data).sort());

test('S3: what was acknowledged is there after kill -9, again and again, and the lock is not', () =>
  withFolder(async (folder) => {
    let acknowledged = 0;
    for (let round = 1; round <= 6; round += 1) {
      const child = startChild(writer(folder));
      for (let count = 0; count < 40 + round * 37; ) {
        const line = (await child.next()) as { acknowledged?: number } | undefined;
        assert.ok(line, `round ${round}: the child ended by itself`);
        if (line.acknowledged === undefined) continue;
        acknowledged = line.acknowledged;
        count += 1;
      }
      await child.kill();
      for (let line = await child.next(); line !== undefined; line = await child.next()) {
        acknowledged = (line as { acknowledged: number }).acknowledged;
      }
      const { records, data } = await reopened(diskStore(folder));
      const version = Number(records.version);
      assert.ok(version >= acknowledged, `round ${round}: ${version} < ${acknowledged}`);
      assert.is(sorted(data), sorted(expectedData(version)), `round ${round}`);
    }
    assert.ok(acknowledged > 500, `only ${acknowledged} versions were written`);
  }));

test('T41: a second process is refused while the first lives, with its folder and advice', () =>
  withFolder(async (folder) => {
    const first = await openItem(diskStore(folder));
    await first.write({ records: { owner: 'first' } }, { sync: true });
    const child = startChild(`
      const error = await open(${JSON.stringify(folder)}).catch((thrown) => thrown);
      say({ code: error.code, message: error.message });
    `);
    const { code, message } = (await child.next()) as { code: string; message: string };
    await child.kill();
    assert.is(code, 'STORE_FAILED');
    assert.match(message, folder);
    assert.match(message, 'in use');
    assert.match(message, 'name another folder');
    await first.write({ records: { owner: 'still first' } }, { sync: true });
    await first.close();
    assert.equal((await reopened(diskStore(folder))).records, { owner: 'still first' });
  }));

test('T41: a folder held by another process is refused here, and free once that is killed', () =>
  withFolder(async (folder) => {
    const child = startChild(`
      const storage = await open(${JSON.stringify(folder)});
      await storage.write({ records: { owner: 'child' } }, { sync: true });
      say('open');
      setInterval(() => undefined, 1000);
    `);
    assert.is(await child.next(), 'open');
    const error = await failureOf(() => diskStore(folder).open());
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, 'in use');
    await child.kill();
    assert.equal((await reopened(diskStore(folder))).records, { owner: 'child' });
  }));

test.run();
