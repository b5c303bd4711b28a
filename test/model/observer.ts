/** What is noted beside the world, and the promises that relate several processes (S1 to S7). */
import { pointOf } from '../../machines/index.js';
import { durableHead, type MasterProcess } from './master-turn.js';
import type { SlaveProcess } from './slave-turn.js';
import { isPrefix, type Note } from './vocabulary.js';

export interface Ghost {
  /** The digest of the longest history that was ever durable or decided. */
  readonly truth: string;
  /** `round|slave` for each promise that was ever durable. */
  readonly promised: readonly string[];
  readonly decided: readonly string[];
  /** `round|who` for each abort that anybody carried out or told. */
  readonly aborted: readonly string[];
  readonly acknowledged: readonly string[];
  /** Histories that were promised for `os` only and did not survive (P19). */
  readonly lost: readonly string[];
  /** What a restored folder lacks is lost; slaves refuse to rewind, and say so (P16). */
  readonly isRestored: boolean;
  /** Digests whose callers were told that nothing changed anywhere. */
  readonly denied: readonly string[];
}

export const newGhost = (truth: string): Ghost => ({
  truth,
  promised: [],
  decided: [],
  aborted: [],
  acknowledged: [],
  lost: [],
  isRestored: false,
  denied: [],
});

/**
 * What an old folder lacks, it lacks: acknowledgements are lost, and its master presumes an abort
 * of a round that was decided after the copy was made. Nothing on that disk could tell (P11).
 */
const AFTER_RESTORE = { isRestored: true, acknowledged: [], denied: [], decided: [] };

const added = (list: readonly string[], item: string): readonly string[] =>
  list.includes(item) ? list : [...list, item].sort();

export interface Broken {
  readonly promise: string;
  readonly how: string;
}

/** Takes the notes of one step in; what they break at once is told. */
export function observe(ghost: Ghost, notes: readonly Note[], broken: Broken[]): Ghost {
  let seen = ghost;
  for (const note of notes) {
    switch (note.kind) {
      case 'broken':
        broken.push({ promise: note.promise, how: note.how });
        break;
      case 'truth':
        if (isPrefix(seen.truth, note.digest)) seen = { ...seen, truth: note.digest };
        else if (!isPrefix(note.digest, seen.truth)) {
          broken.push({
            promise: 'S6',
            how: `${note.digest} becomes durable beside ${seen.truth}`,
          });
        }
        break;
      case 'promised':
        seen = { ...seen, promised: added(seen.promised, `${note.round}|${note.slave}`) };
        break;
      case 'decided':
        for (const slave of note.participants) {
          if (seen.promised.includes(`${note.round}|${slave}`)) continue;
          broken.push({ promise: 'S2', how: `${note.round} is decided, ${slave} never promised` });
        }
        seen = { ...seen, decided: added(seen.decided, note.round) };
        break;
      case 'aborted':
        seen = { ...seen, aborted: added(seen.aborted, `${note.round}|${note.by}`) };
        break;
      case 'lost':
        seen = { ...seen, truth: note.head, lost: added(seen.lost, note.digest) };
        if (note.isRestored) seen = { ...seen, ...AFTER_RESTORE };
        break;
      case 'acknowledged':
        seen = { ...seen, acknowledged: added(seen.acknowledged, note.digest) };
        break;
      case 'denied':
        seen = { ...seen, denied: added(seen.denied, note.digest) };
        break;
    }
  }
  return seen;
}

/** Promises that hold in every state. */
export function judge(
  master: MasterProcess,
  slaves: readonly SlaveProcess[],
  ghost: Ghost,
  broken: Broken[],
): void {
  for (const each of ghost.aborted) {
    const [round = '', by] = each.split('|');
    if (!ghost.decided.includes(round)) continue;
    broken.push({ promise: 'S1', how: `${round} is decided, and aborted by ${by}` });
  }
  for (const digest of ghost.acknowledged) {
    if (isPrefix(digest, ghost.truth)) continue;
    broken.push({ promise: 'S3', how: `${digest} was acknowledged and is not in ${ghost.truth}` });
  }
  for (const digest of ghost.denied) {
    if (!isPrefix(digest, ghost.truth)) continue;
    broken.push({ promise: 'P21', how: `${digest} was called aborted and is in ${ghost.truth}` });
  }
  const durable = durableHead(master.disk).digest;
  if (durable !== ghost.truth) {
    broken.push({ promise: 'S3', how: `the master holds ${durable}, once held ${ghost.truth}` });
  }
  for (const slave of slaves) {
    const { digest } = pointOf(slave.disk.position);
    const firm = slave.disk.firm?.digest ?? '';
    if (!ghost.isRestored && firm !== '' && !isPrefix(firm, ghost.truth)) {
      broken.push({
        promise: 'S3',
        how: `${slave.name} has ${firm} firm, truth is ${ghost.truth}`,
      });
    }
    const wasLost = ghost.lost.some((history) => isPrefix(digest, history));
    if (digest !== '' && !wasLost && !isPrefix(digest, ghost.truth)) {
      broken.push({ promise: 'S6', how: `${slave.name} holds ${digest}, truth is ${ghost.truth}` });
    }
  }
}
