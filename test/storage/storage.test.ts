/** T27-T34, S3, S13: the short form of `npm run check:storage`. */
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkStorage, huntBug } from './check.js';
import { failWrites } from './failing-writes.js';

const test = suite('storage: crash images');
const seed = process.env.SEED ?? String(Date.now());

/** Which files a handle belongs to is only known where the system tells. */
const register: (name: string, run: () => Promise<void>) => void = existsSync('/proc/self/fd')
  ? test
  : (name) => test.skip(`${name} (skipped: needs /proc/self/fd)`);

register(
  'a crash image opens old, new or with a named error, and nothing synced is lost',
  async () => {
    const { tally } = await checkStorage({ seed, scale: 0.01, processes: 2 });
    assert.ok(tally.images >= 200, `only ${tally.images} images`);
    assert.equal(tally.violations, [], `seed ${seed}`);
  },
);

register('the check can fail: a write acknowledged before its sync is found', async () => {
  const { images } = await huntBug('ack-before-sync', { seed, scale: 0.02, processes: 1 });
  assert.ok(images !== null, `seed ${seed}: not found`);
});

register('T24-T26: a write that fails once ends no process and loses nothing', async () => {
  const { failed, problems } = await failWrites(30);
  assert.ok(failed >= 4, `only ${failed} writes failed`);
  assert.equal(problems, []);
});

test.run();
