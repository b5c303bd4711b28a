/** Images of damage: what no crash does to files, but disks, people and restored backups do. */
import type { Random } from '../../lib/runtime/random.js';
import { filesAt, growthOf } from './crash-images.js';
import type { Files, Image, ImageKind } from './image.js';
import type { FolderRecording, Moment } from './recorder.js';

export const pick = <T>(list: readonly T[], random: Random): T => {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

function damaged(
  recording: FolderRecording,
  moment: Moment,
  kind: ImageKind,
  what: string,
  files: Files,
): Image {
  const { role } = recording;
  return { kind, what, role, recording, files, newest: moment.asked, atLeast: {}, mayFail: true };
}

const PATTERNS: ReadonlyArray<readonly [RegExp, ImageKind]> = [
  [/\.log$/, 'flipped bit in log'],
  [/\.ldb$/, 'flipped bit in table'],
  [/^MANIFEST/, 'flipped bit in manifest'],
  [/^CURRENT$/, 'flipped bit in CURRENT'],
  [/^REPLICHART$/, 'flipped bit in witness'],
];

/** Names of files with something in them that a kind of bit flip is about; all without a kind. */
function namesFor(files: Files, kind?: ImageKind): string[] {
  const pattern = PATTERNS.find(([, each]) => each === kind)?.[0] ?? /./;
  return [...files].flatMap(([name, { length }]) =>
    length > 0 && pattern.test(name) ? [name] : [],
  );
}

/** A moment late enough for files of this kind to be there. */
function momentWith(recording: FolderRecording, random: Random, kind?: ImageKind) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const moment = pick(recording.moments, random);
    const files = filesAt(recording, moment);
    const names = namesFor(files, kind);
    if (names.length > 0) return { moment, files, names };
  }
  const moment = recording.moments.at(-1) as Moment;
  const files = filesAt(recording, moment);
  return { moment, files, names: namesFor(files, kind) };
}

export function flippedBit(recording: FolderRecording, kind: ImageKind, random: Random): Image {
  const { moment, files, names } = momentWith(recording, random, kind);
  const name = pick(names, random);
  const bytes = Uint8Array.from(files.get(name) as Uint8Array);
  const at = Math.floor(random() * bytes.length);
  const bit = Math.floor(random() * 8);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  files.set(name, bytes);
  return damaged(recording, moment, kind, `${name}, bit ${bit} of byte ${at}`, files);
}

/** The log of a finished batch ends `bytes` after the batch before it. */
export function truncatedLog(recording: FolderRecording, at: number, bytes: number): Image {
  const growth = growthOf(recording, at);
  const moment = recording.moments[at + 1];
  if (growth === undefined || moment === undefined) throw new Error(`no batch at ${at}`);
  const files = filesAt(recording, moment);
  const log = files.get(growth.name) as Uint8Array;
  files.set(growth.name, log.subarray(0, growth.from + bytes));
  const what = `${growth.name} cut at ${growth.from + bytes} of ${log.length}`;
  return damaged(recording, moment, 'truncated log', what, files);
}

export function deletedFile(recording: FolderRecording, random: Random): Image {
  const { moment, files, names } = momentWith(recording, random);
  const name = pick(names, random);
  files.delete(name);
  // Now and then two at once, as a careless hand does it.
  const second = random() < 0.3 ? pick(names, random) : name;
  files.delete(second);
  return damaged(recording, moment, 'deleted file', `${name} ${second}`, files);
}

const BLOCK_BYTES = 512;

export function zeroedBlock(recording: FolderRecording, random: Random): Image {
  const { moment, files, names } = momentWith(recording, random);
  const name = pick(names, random);
  const bytes = Uint8Array.from(files.get(name) as Uint8Array);
  const from = Math.floor(random() * bytes.length);
  const to = random() < 0.5 ? bytes.length : Math.min(bytes.length, from + BLOCK_BYTES);
  bytes.fill(0, from, to);
  files.set(name, bytes);
  return damaged(recording, moment, 'zeroed block', `${name} from ${from} to ${to}`, files);
}

/** A write that went to the wrong place of the disk. */
export function misplacedBlock(recording: FolderRecording, random: Random): Image {
  const { moment, files, names } = momentWith(recording, random);
  const name = pick(names, random);
  const source = files.get(pick(names, random)) as Uint8Array;
  const bytes = Uint8Array.from(files.get(name) as Uint8Array);
  const from = Math.floor(random() * source.length);
  const to = Math.floor(random() * bytes.length);
  const length = Math.min(BLOCK_BYTES, bytes.length - to);
  bytes.set(source.subarray(from, from + length), to);
  files.set(name, bytes);
  const what = `${length} bytes from ${from} to ${to} of ${name}`;
  return damaged(recording, moment, 'misplaced block', what, files);
}

/** One file is as it was at an earlier moment: half a restored backup. */
export function olderFile(recording: FolderRecording, random: Random): Image {
  const { moment, files, names } = momentWith(recording, random);
  const name = pick(names, random);
  const earlier = pick(recording.moments, random).files[name];
  if (earlier !== undefined) files.set(name, recording.blobs[earlier.blob] as Uint8Array);
  return damaged(recording, moment, 'older file', `${name} of another moment`, files);
}

/** One file is that of another store: same item and role, another lineage, or another slave. */
export function foreignFile(
  recording: FolderRecording,
  other: FolderRecording,
  random: Random,
): Image {
  const { moment, files } = momentWith(recording, random);
  const theirs = filesAt(other, pick(other.moments, random));
  const name = pick([...theirs.keys()], random);
  // Under its own name, or under that of one of ours of the same kind.
  const kind = /[^.0-9]+/.exec(name)?.[0] ?? name;
  const same = [...files.keys()].filter((each) => each.includes(kind));
  const target = same.length > 0 && random() < 0.7 ? pick(same, random) : name;
  files.set(target, theirs.get(name) as Uint8Array);
  const what = `${target} is ${name} of ${other.name}`;
  return damaged(recording, moment, 'file of another lineage', what, files);
}

export function newerFormat(recording: FolderRecording, random: Random): Image {
  const moment = pick(recording.moments.slice(recording.moments.length >> 1), random);
  const files = filesAt(recording, moment);
  const image = damaged(recording, moment, 'newer format', '', files);
  return { ...image, mustFail: 'STORE_FAILED' };
}
