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
  /** `round|life` of slaves that told that nothing of the round is left with them. */
  readonly gone: readonly string[];
  /** `version|id` of every group that used a number. */
  readonly issued: readonly string[];
  /** `round|slave` of each yes that counts: the slave did not come again without the round. */
  readonly yes: readonly string[];
  /** `round|who` for each abort that anybody carried out or told. */
  readonly aborted: readonly string[];
  readonly acknowledged: readonly string[];
  /** Histories that were promised for `os` only and did not survive (P19). */
  readonly lost: readonly string[];
  /** What a restored folder lacks is lost; slaves refuse to rewind, and say so (P16). */
  readonly isRestored: boolean;
  /** Slaves keep nothing over a crash, so that a yes may be void. */
  readonly isStoreless: boolean;
  /** Digests whose callers were told that nothing changed anywhere. */
  readonly denied: readonly string[];
}

export const newGhost = (truth: string, isStoreless: boolean): Ghost => ({
  truth,
  promised: [],
  decided: [],
  gone: [],
  issued: [],
  yes: [],
  aborted: [],
  acknowledged: [],
  lost: [],
  isRestored: false,
  isStoreless,
  denied: [],
});

/**
 * What an old folder lacks, it lacks: acknowledgements are lost, and its master presumes an abort
 * of a round that was decided after the copy was made. Nothing on that disk could tell (P11).
 */
const AFTER_RESTORE = {
  isRestored: true,
  acknowledged: [],
  denied: [],
  decided: [],
  issued: [],
};

const added = (list: readonly string[], item: string): readonly string[] =>
  list.includes(item) ? list : [...list, item].sort();

export interface Broken {
  readonly promise: string;
  readonly how: string;
}

/** Takes the notes of one step in; what they break at once is told. */
export function observe(ghost: Ghost, notes: readonly Note[], broken: Broken[]): Ghost {
  return notes.reduce((seen, note) => {
    complain(seen, note, broken);
    return noted(seen, note);
  }, ghost);
}

/** What this note breaks, by itself or with what was noted before. */
function complain(seen: Ghost, note: Note, broken: Broken[]): void {
  const tell = (promise: string, how: string) => broken.push({ promise, how });
  if (note.kind === 'broken') tell(note.promise, note.how);
  if (note.kind === 'truth') {
    const isOne = isPrefix(seen.truth, note.digest) || isPrefix(note.digest, seen.truth);
    if (!isOne) tell('S6', `${note.digest} becomes durable beside ${seen.truth}`);
  }
  if (note.kind === 'promised' && seen.gone.includes(`${note.round}|${note.life}`)) {
    tell('P8', `${note.slave} promises ${note.round}, of which it told that nothing is left`);
  }
  if (note.kind === 'issued') {
    const others = seen.issued.filter((each) => each.startsWith(`${note.version}|`));
    const other = others.find((each) => each !== `${note.version}|${note.id}`);
    if (other !== undefined) tell('P7', `number ${note.version} is ${other}, and ${note.id}`);
  }
  if (note.kind === 'deciding' && seen.isStoreless) {
    for (const slave of note.participants) {
      if (seen.yes.includes(`${note.round}|${slave}`)) continue;
      tell('P13', `${note.round} is decided on a yes that ${slave} no longer holds`);
    }
  }
  if (note.kind === 'decided') {
    for (const slave of note.participants) {
      if (seen.promised.includes(`${note.round}|${slave}`)) continue;
      tell('S2', `${note.round} is decided, ${slave} never promised`);
    }
  }
}

function noted(seen: Ghost, note: Note): Ghost {
  switch (note.kind) {
    case 'broken':
      return seen;
    case 'truth':
      return isPrefix(seen.truth, note.digest) ? { ...seen, truth: note.digest } : seen;
    case 'promised':
      return { ...seen, promised: added(seen.promised, `${note.round}|${note.slave}`) };
    case 'gone':
      return { ...seen, gone: added(seen.gone, `${note.round}|${note.life}`) };
    case 'issued':
      return { ...seen, issued: added(seen.issued, `${note.version}|${note.id}`) };
    case 'yes':
      return { ...seen, yes: added(seen.yes, `${note.round}|${note.slave}`) };
    case 'returned':
      return { ...seen, yes: seen.yes.filter((each) => !isVoid(each, note)) };
    case 'deciding':
      return seen;
    case 'decided':
      return { ...seen, decided: added(seen.decided, note.round) };
    case 'aborted':
      return { ...seen, aborted: added(seen.aborted, `${note.round}|${note.by}`) };
    case 'lost': {
      const lost = { ...seen, truth: note.head, lost: added(seen.lost, note.digest) };
      return note.isRestored ? { ...lost, ...AFTER_RESTORE } : lost;
    }
    case 'acknowledged':
      return { ...seen, acknowledged: added(seen.acknowledged, note.digest) };
    case 'denied':
      return { ...seen, denied: added(seen.denied, note.digest) };
  }
}

/** A yes of a slave that came again without holding its round counts no more (P13). */
function isVoid(yes: string, came: Extract<Note, { kind: 'returned' }>): boolean {
  const [round, slave] = yes.split('|');
  return slave === came.slave && round !== came.holds;
}

/** What a master owes in every state to those it told something. */
export function judgeMaster(master: MasterProcess, ghost: Ghost, broken: Broken[]): void {
  const tell = (promise: string, how: string) => broken.push({ promise, how });
  for (const each of ghost.aborted) {
    const [round = '', by] = each.split('|');
    if (ghost.decided.includes(round)) tell('S1', `${round} is decided, and aborted by ${by}`);
  }
  for (const digest of ghost.acknowledged) {
    if (isPrefix(digest, ghost.truth)) continue;
    tell('S3', `${digest} was acknowledged and is not in ${ghost.truth}`);
  }
  for (const digest of ghost.denied) {
    if (!isPrefix(digest, ghost.truth)) continue;
    tell('P21', `${digest} was called aborted and is in ${ghost.truth}`);
  }
  const durable = durableHead(master.disk).digest;
  if (durable === ghost.truth) return;
  tell('S3', `the master holds ${durable}, once held ${ghost.truth}`);
}

/** A copy is a prefix of what one master made, never a mix of two (S6, T39). */
export function judgeSlave(slave: SlaveProcess, ghosts: readonly Ghost[], broken: Broken[]): void {
  const { digest } = pointOf(slave.disk.position);
  const firm = slave.disk.firm?.digest ?? '';
  const truths = ghosts.map(({ truth }) => truth);
  const isTrue = (history: string) => truths.some((truth) => isPrefix(history, truth));
  const isRestored = ghosts.some((ghost) => ghost.isRestored);
  if (!isRestored && firm !== '' && !isTrue(firm)) {
    broken.push({ promise: 'S3', how: `${slave.name} has ${firm} firm, truth is ${truths}` });
  }
  const lost = ghosts.flatMap((ghost) => ghost.lost);
  const wasLost = lost.some((history) => isPrefix(digest, history));
  if (digest !== '' && !wasLost && !isTrue(digest)) {
    broken.push({ promise: 'S6', how: `${slave.name} holds ${digest}, truth is ${truths}` });
  }
}
