/** Images of crashes: what a dead process or a power cut leaves of the files of one moment. */
import type { Random } from '../../lib/runtime/random.js';
import type { Files, Image, ImageKind } from './image.js';
import type { FolderRecording, Moment } from './recorder.js';

export function filesAt(recording: FolderRecording, moment: Moment): Files {
  const files: Files = new Map();
  for (const [name, { blob }] of Object.entries(moment.files)) {
    files.set(name, recording.blobs[blob] as Uint8Array);
  }
  return files;
}

/** Logs by age, the oldest first. */
function logsOf(files: Files): string[] {
  return [...files.keys()].filter((name) => name.endsWith('.log')).sort();
}

interface Crash {
  readonly kind: ImageKind;
  readonly what: string;
  readonly files: Files;
  readonly isPowerCut: boolean;
  readonly mayFail?: boolean;
}

function crashImage(recording: FolderRecording, moment: Moment, crash: Crash): Image {
  return {
    kind: crash.kind,
    what: crash.what,
    role: recording.role,
    recording,
    files: crash.files,
    newest: moment.asked,
    atLeast: crash.isPowerCut ? moment.synced : moment.written,
    mayFail: crash.mayFail ?? false,
  };
}

export function killed(recording: FolderRecording, moment: Moment): Image {
  const files = filesAt(recording, moment);
  return crashImage(recording, moment, { kind: 'killed', what: '', files, isPowerCut: false });
}

/** How a log grew from one moment to the next, if exactly one did. */
export interface Growth {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export function growthOf(recording: FolderRecording, at: number): Growth | undefined {
  const [moment, next] = [recording.moments[at], recording.moments[at + 1]];
  if (moment === undefined || next === undefined) return undefined;
  const sizeIn = (file: { blob: number } | undefined): number =>
    file === undefined ? 0 : (recording.blobs[file.blob] as Uint8Array).length;
  const grown = Object.keys(next.files)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ name, from: sizeIn(moment.files[name]), to: sizeIn(next.files[name]) }))
    .filter(({ from, to }) => to > from);
  return grown.length === 1 ? grown[0] : undefined;
}

/** The batch that was being written reached the file up to some byte. */
export function tornBatch(
  recording: FolderRecording,
  at: number,
  { name, from }: Growth,
  bytes: number,
): Image {
  const [moment, next] = [recording.moments[at], recording.moments[at + 1]];
  if (moment === undefined || next === undefined) throw new Error(`no moment ${at}`);
  const files = filesAt(recording, moment);
  const log = filesAt(recording, next).get(name) as Uint8Array;
  files.set(name, log.subarray(0, from + bytes));
  const what = `${name} ends ${bytes} bytes into its next batch`;
  const image = crashImage(recording, moment, {
    kind: 'torn batch',
    what,
    files,
    isPowerCut: false,
  });
  return { ...image, newest: next.asked };
}

/** The ends of what was written to `name` so far and is not on disk, from oldest to newest. */
function unsyncedEnds(recording: FolderRecording, at: number, name: string): number[] {
  const moment = recording.moments[at] as Moment;
  const durable = moment.files[name]?.durableBytes ?? 0;
  const ends = new Set<number>();
  for (const { files } of recording.moments.slice(Math.max(0, at - 200), at + 1)) {
    const file = files[name];
    if (file === undefined) continue;
    const size = (recording.blobs[file.blob] as Uint8Array).length;
    if (size > durable) ends.add(size);
  }
  return [durable, ...[...ends].sort((left, right) => left - right)];
}

/** Moments whose files are not all on disk. */
export function unsyncedMoments(recording: FolderRecording): number[] {
  return recording.moments.flatMap(({ files }, at) => {
    const isOpen = Object.entries(files).some(
      ([name, { blob, durableBytes }]) =>
        name.endsWith('.log') && durableBytes < (recording.blobs[blob] as Uint8Array).length,
    );
    return isOpen ? [at] : [];
  });
}

/** A hole may be told as damage, but not one in what was acknowledged as synced. */
function isExcusable(recording: FolderRecording, moment: Moment, files: Files): boolean {
  return Object.entries(moment.files).every(([name, { blob, promisedBytes }]) => {
    const original = recording.blobs[blob] as Uint8Array;
    const left = files.get(name) ?? new Uint8Array();
    const kept = Buffer.from(original.buffer, original.byteOffset, promisedBytes);
    return left.length >= promisedBytes && kept.equals(left.subarray(0, promisedBytes));
  });
}

/** A power cut: of the unsynced bytes only a beginning is left; whole batches or any byte. */
export function powerCut(recording: FolderRecording, at: number, random: Random): Image {
  const moment = recording.moments[at] as Moment;
  const files = filesAt(recording, moment);
  const said: string[] = [];
  let isLost = false;
  let isHole = false;
  for (const name of logsOf(files)) {
    const log = files.get(name) as Uint8Array;
    const ends = unsyncedEnds(recording, at, name);
    const [durable = 0] = ends;
    const range = log.length - durable;
    const chosen = ends[Math.floor(random() * ends.length)] ?? durable;
    const anywhere = durable + Math.floor(random() * (range + 1));
    const end = isLost ? durable : random() < 0.5 ? chosen : anywhere;
    if (isLost && end > 0) isHole = true;
    if (end === log.length) continue;
    isLost = true;
    files.set(name, log.subarray(0, end));
    said.push(`${name} cut at ${end} of ${log.length}, ${durable} synced`);
  }
  const mayFail = isHole && isExcusable(recording, moment, files);
  const what = said.join(', ') || 'nothing lost';
  return crashImage(recording, moment, {
    kind: 'power cut',
    what,
    files,
    isPowerCut: true,
    mayFail,
  });
}

/** A power cut after which any of the unsynced batches are there; the others read as zeros. */
export function lostSubset(recording: FolderRecording, at: number, random: Random): Image {
  const moment = recording.moments[at] as Moment;
  const files = filesAt(recording, moment);
  let lost = 0;
  let isHole = false;
  for (const name of logsOf(files)) {
    const log = Uint8Array.from(files.get(name) as Uint8Array);
    const ends = unsyncedEnds(recording, at, name);
    let end = ends[0] ?? 0;
    // What an older log lost is a hole in front of everything a newer one kept.
    if (lost > 0 && end > 0) isHole = true;
    for (const [index, to] of ends.entries()) {
      const from = ends[index - 1];
      if (from === undefined) continue;
      if (random() < 0.5) {
        log.fill(0, from, to);
        lost += 1;
      } else {
        if (lost > 0) isHole = true;
        end = to;
      }
    }
    files.set(name, log.subarray(0, end));
  }
  const mayFail = isHole && isExcusable(recording, moment, files);
  const what = `${lost} unsynced batches lost`;
  const crash = { kind: 'lost subset', what, files, isPowerCut: true, mayFail } as const;
  return crashImage(recording, moment, crash);
}

/** A power cut after which the newest log has its length, but zeros from some byte on. */
export function zeroedTail(recording: FolderRecording, at: number, random: Random): Image {
  const moment = recording.moments[at] as Moment;
  const files = filesAt(recording, moment);
  const name = logsOf(files).at(-1);
  if (name === undefined) return { ...killed(recording, moment), kind: 'zeroed tail' };
  const log = files.get(name) as Uint8Array;
  const durable = moment.files[name]?.durableBytes ?? 0;
  const from = durable + Math.floor(random() * (log.length - durable + 1));
  const beyond = Math.floor(random() * 4096);
  const zeroed = new Uint8Array(log.length + beyond);
  zeroed.set(log.subarray(0, from));
  files.set(name, zeroed);
  const what = `${name} reads zeros from ${from} on, ${beyond} beyond its end`;
  return crashImage(recording, moment, { kind: 'zeroed tail', what, files, isPowerCut: true });
}
