/**
 * What engines and disks throw, turned into coded errors with advice. The one place that knows
 * the codes of abstract-level, of Node and the words of LevelDB.
 */
import { asReplicationError, ReplicationError, reasonOf } from '../errors.js';

export type StoreStage = 'open' | 'read' | 'write' | 'close';

/** LevelDB hands out only the C library's text, so the text is where the code is found. */
const SYSTEM_TEXTS: ReadonlyArray<readonly [text: string, code: string]> = [
  ['no space left on device', 'ENOSPC'],
  ['disk quota exceeded', 'EDQUOT'],
  ['input/output error', 'EIO'],
  ['i/o error', 'EIO'],
  ['permission denied', 'EACCES'],
  ['operation not permitted', 'EPERM'],
  ['read-only file system', 'EROFS'],
  ['too many open files', 'EMFILE'],
  ['not a directory', 'ENOTDIR'],
  ['file too large', 'EFBIG'],
  ['no such file or directory', 'ENOENT'],
];

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on that disk, then start again',
  EDQUOT: 'raise the quota or free space, then start again',
  EIO: 'the disk reports a defect; check it before anything else, then start again',
  EACCES: 'give this process the right to read and write there',
  EPERM: 'give this process the right to read and write there',
  EROFS: 'that file system is mounted read-only; choose another folder or remount it',
  EMFILE: 'raise the limit of open files of this process',
  ENOTDIR: 'a part of the path is a file; name a folder',
  EEXIST: 'the path is a file; name a folder',
  ENOENT: 'the folder or a file in it is gone; do not remove it while it is in use',
};

/** What to do about a damaged store, the same words wherever the damage shows. */
export const DAMAGE_ADVICE =
  'Nothing was changed there. On a slave: stop it, move the folder away and start again, it ' +
  'then syncs from its master. On a master: restore a backup, or take the data over from a slave';

function chainOf(thrown: unknown): unknown[] {
  const chain: unknown[] = [];
  let link = thrown;
  // Bounded: a cause may be circular.
  while (link !== undefined && link !== null && chain.length < 8) {
    chain.push(link);
    link = link instanceof Error ? link.cause : undefined;
  }
  return chain;
}

function codesOf(chain: readonly unknown[]): string[] {
  const codes = chain.map((link) => (link as { code?: unknown }).code);
  return codes.filter((code) => typeof code === 'string');
}

function systemCodeOf(chain: readonly unknown[], codes: readonly string[]): string | undefined {
  const direct = codes.find((code) => /^E[A-Z0-9]+$/.test(code));
  if (direct !== undefined) return direct;
  const text = chain.map(reasonOf).join('\n').toLowerCase();
  return SYSTEM_TEXTS.find(([words]) => text.includes(words))?.[1];
}

/**
 * Wraps what a store operation threw, the cause kept. `ReplicationError`s pass through.
 *
 * CORRUPT: the engine cannot read what is there. STORE_FAILED: everything else; the message
 * carries the system code (`ENOSPC`, `EIO`, `EACCES`, ...) where one is known, and what to do.
 */
export function storeError(thrown: unknown, stage: StoreStage, location: string): ReplicationError {
  if (thrown instanceof ReplicationError) return thrown;
  const chain = chainOf(thrown);
  const codes = codesOf(chain);
  const details = { cause: thrown };
  const reason = reasonOf(chain.at(-1));
  if (codes.includes('LEVEL_LOCKED')) {
    const message =
      `The store ${location} is in use, by another process or twice in this one: stop the ` +
      `other one, or name another folder here (${reason})`;
    return new ReplicationError('STORE_FAILED', message, details);
  }
  const system = systemCodeOf(chain, codes);
  const missing = stage !== 'write' && (codes.includes('LEVEL_NOT_FOUND') || system === 'ENOENT');
  const refused = stage === 'open' && codes.includes('LEVEL_INVALID_ARGUMENT');
  if (codes.includes('LEVEL_CORRUPTION') || missing || refused) {
    return corrupt(location, reason, thrown);
  }
  if (system !== undefined) {
    const advice = ADVICE[system] ?? 'see the cause';
    const message = `Cannot ${stage} the store ${location}: ${system}, ${advice} (${reason})`;
    return new ReplicationError('STORE_FAILED', message, details);
  }
  return asReplicationError(thrown, 'STORE_FAILED', `Cannot ${stage} the store ${location}`);
}

/** A CORRUPT error that names the place and says what to do. */
export function corrupt(location: string, what: string, cause?: unknown): ReplicationError {
  const message = `The store ${location} is damaged: ${what}. ${DAMAGE_ADVICE}`;
  return new ReplicationError('CORRUPT', message, cause === undefined ? {} : { cause });
}
