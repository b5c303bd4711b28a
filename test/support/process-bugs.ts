/** Hosts that do wrong on order (`BUGS`), so that the judge can be seen to find it. */
import { openSync } from 'node:fs';
import type { KeyValueOperation } from '../../lib/layers/key-value/options.js';
import type { NodeLog } from './process-log.js';
import type { HostConfig, Mark } from './process-messages.js';
import { copyStore } from './store-folder.js';

const LEAKED_FILES = 200;
/** Within a round, and after its start was told. */
const END_AFTER_MS = 300;

/** What is wrong from the start of the process on, before the node opens. */
export async function goWrong({ bug, role, life, folder, log }: HostConfig): Promise<void> {
  const isSlave = role === 'slave';
  if (bug === 'old-folder' && isSlave && life === 2) await copyStore(folder, `${folder}.old`);
  if (bug === 'old-folder' && isSlave && life > 2) await copyStore(`${folder}.old`, folder);
  if (bug === 'early-end' && isSlave) setTimeout(() => process.exit(0), END_AFTER_MS);
  if (bug === 'leak') for (let file = 0; file < LEAKED_FILES; file += 1) openSync(log, 'r');
}

/** `dirty-read`: readers see a change that was only voted on. */
export function showUnmade(log: NodeLog, operations: readonly KeyValueOperation<Mark>[]): void {
  const changes = operations.flatMap((each) => (each.op === 'set' ? [each.value.change] : []));
  log.write({ kind: 'shown', lineage: '', version: 0, digest: '', sum: '', changes });
}
