/** The published store suite on both stores of this package. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { diskStore } from '../../lib/stores/disk.js';
import { memoryStore } from '../../lib/stores/memory.js';
import { storeSuite } from '../../lib/testing/store-suite.js';

const memory = suite('stores: memory');
storeSuite({ test: memory, factory: async () => ({ definition: memoryStore() }) });
memory.run();

const disk = suite('stores: disk');
storeSuite({
  test: disk,
  async factory() {
    const folder = await mkdtemp(join(tmpdir(), 'replichart-store-'));
    return {
      definition: diskStore(join(folder, 'a', 'b')),
      remove: () => rm(folder, { recursive: true }),
    };
  },
});
disk.run();
