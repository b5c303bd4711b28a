/** A store that lives as long as its definition; the default where no store is given. */
import { MemoryLevel } from 'memory-level';
import type { StoreDefinition } from './contract.js';
import { levelStore } from './level.js';

/**
 * Keeps everything in memory, ordered as a disk store would. The content belongs to the
 * definition, not to one opening of it: a test can stop a slave and start another one on the
 * same object, as if on the same disk. With the process it is gone, therefore `durable: false`:
 * nothing is promised at level `disk` on it (P19), and the lineage is marked volatile.
 *
 * @example
 * const store = memoryStore()
 * const slave = createSlave({ item: 'settings', data: document(), transport, store })
 */
export function memoryStore(): StoreDefinition {
  const level = new MemoryLevel<string, Uint8Array>({ storeEncoding: 'view' });
  return levelStore(level, { durable: false, location: 'memory' });
}
