/** What a crash image is: files to lay out, and what their reopening owes. */
import type { FolderRecording } from './recorder.js';
import type { Progress } from './reference.js';

/** Faults of a crash alone: nothing that was acknowledged may be missing afterwards. */
export const CRASH_KINDS = [
  'killed',
  'power cut',
  'torn batch',
  'lost subset',
  'zeroed tail',
] as const;

/** Damage: an older complete state or a named error, never other content. */
export const DAMAGE_KINDS = [
  'truncated log',
  'flipped bit in log',
  'flipped bit in table',
  'flipped bit in manifest',
  'flipped bit in CURRENT',
  'flipped bit in witness',
  'deleted file',
  'zeroed block',
  'misplaced block',
  'older file',
  'file of another lineage',
  'newer format',
] as const;

export type ImageKind = (typeof CRASH_KINDS)[number] | (typeof DAMAGE_KINDS)[number];

export type Files = Map<string, Uint8Array>;

export interface Image {
  readonly kind: ImageKind;
  /** Which folder at which moment, and what was done to it; for people. */
  readonly what: string;
  readonly role: 'master' | 'slave';
  readonly recording: FolderRecording;
  readonly files: Files;
  /** The newest state that can be in the files, by item. */
  readonly newest: Progress;
  /** States below these were acknowledged and are lost. Empty for damage. */
  readonly atLeast: Progress;
  /** Whether a named error is an answer. */
  readonly mayFail: boolean;
  /** The only answer, where there is just one. */
  readonly mustFail?: 'STORE_FAILED';
}

export function isCrash(kind: ImageKind): boolean {
  return (CRASH_KINDS as readonly string[]).includes(kind);
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((part / whole) * 100)} %`;
}
