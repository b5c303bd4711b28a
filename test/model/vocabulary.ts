/**
 * What the explorer moves through: processes with their disks, and messages that never vanish.
 * A digest spells its whole history, so that "is a prefix of" is a comparison of strings.
 */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate';
import type { Epoch, Message, Point, PreparedRound } from '../../machines/index.js';

export const LINEAGE = 'L';
export const MASTERS = ['m', 'n'] as const;
export type MasterName = (typeof MASTERS)[number];
export const SLAVES = ['a', 'b', 'c'] as const;
export type SlaveName = (typeof SLAVES)[number];

/** Bounds and adversary of one configuration; every figure bounds what may happen in all. */
export interface Bounds {
  readonly name: string;
  readonly slaves: number;
  /** Slaves that are named in rounds; the others only follow. */
  readonly participants: number;
  readonly onePhase: number;
  readonly twoPhase: number;
  readonly masterCrashes: number;
  readonly slaveCrashes: number;
  readonly heartbeats: number;
  /** Times that a user layer refuses a prepare, or a host rolls a round back. */
  readonly vetoes: number;
  readonly rollbacks: number;
  /** Times that a vote deadline or a prepare wait passes. */
  readonly deadlines: number;
  /** Times that a slave takes its master for silent and greets again. */
  readonly silences: number;
  /** Times that a user layer fails at commit. */
  readonly failures: number;
  /** Times that a write fails; whether it reached the disk only a restart can tell. */
  readonly storeFailures: number;
  /** Times that a slave leaves for good, as far as its master knows. */
  readonly leaves: number;
  /** Times that a connection is lost and made again. */
  readonly reconnects: number;
  /** Prepares are too small for their delta: slaves fetch it. */
  readonly fetched?: boolean;
  /** The master no longer has increments: every request gets a whole state. */
  readonly trimmed?: boolean;
  /** One-phase groups are only promised for `os`: a crash of the master may lose them. */
  readonly lossy?: boolean;
  /** Slaves have no store: whatever they held is gone with their process (P13, P19). */
  readonly storeless?: boolean;
  /**
   * A second master `n` on a copy of the first one's folder, both running at once: a clone starts
   * into the same reign (T39), one that takes over into a later term (T40).
   */
  readonly rival?: 'clone' | 'takeover';
  /** A mistake of the service layer, which drops votes of another reign. */
  readonly anyEpoch?: boolean;
  /** Whole states travel in two parts, which resume after a reconnect (P6). */
  readonly chunked?: boolean;
  /** A mistake of the service layer: parts are put together whatever build they are of. */
  readonly mixesBuilds?: boolean;
  /** Times that the master's folder is copied, to be put back in place of a later one. */
  readonly backups: number;
  /** Where it begins: all down and empty, all down with a copy, or up and in step. */
  readonly from: 'empty' | 'cached' | 'live';
  /** False where a host has to act before all can come to rest: then rest is not asked for. */
  readonly rests?: false;
  readonly statesMax: number;
}

/** A message in the network: what travels, and whom it may reach. */
export interface Packet {
  readonly to: readonly string[];
  readonly envelope: {
    readonly lineage: string;
    readonly epoch: Epoch;
    readonly incarnation: string;
    readonly sender: string;
  };
  readonly message: Message;
}

/** What an observer beside the world notes down; promises are checked against it. */
export type Note =
  | { readonly kind: 'truth'; readonly digest: string }
  | {
      readonly kind: 'lost';
      readonly digest: string;
      readonly head: string;
      /** Also what was promised on disk went: an old folder was put back (T35). */
      readonly isRestored: boolean;
    }
  | {
      readonly kind: 'promised';
      readonly round: string;
      readonly slave: string;
      readonly life: string;
    }
  /** A slave told that nothing of a round is left with it. */
  | { readonly kind: 'gone'; readonly round: string; readonly life: string }
  /** A number is used for a group of changes; no other may ever use it. */
  | { readonly kind: 'issued'; readonly version: number; readonly id: string }
  | {
      readonly kind: 'deciding';
      readonly round: string;
      readonly participants: readonly string[];
    }
  /** A yes that the master counts, and a hello after which the ones before it count no more. */
  | { readonly kind: 'yes'; readonly round: string; readonly slave: string }
  | { readonly kind: 'returned'; readonly slave: string; readonly holds: string | null }
  | { readonly kind: 'decided'; readonly round: string; readonly participants: readonly string[] }
  | { readonly kind: 'aborted'; readonly round: string; readonly by: string }
  | { readonly kind: 'acknowledged'; readonly digest: string }
  | { readonly kind: 'denied'; readonly round: string; readonly digest: string }
  | { readonly kind: 'broken'; readonly promise: string; readonly how: string };

/** One event of a machine, and where it stood. */
export interface Stepped {
  readonly before: AnyMachineSnapshot;
  readonly event: AnyEventObject;
}

/** What one step of a process did. */
export interface Outcome<Process> {
  readonly label: string;
  readonly process: Process;
  readonly sent: readonly Packet[];
  readonly notes: readonly Note[];
  /** Left out where no machine took any. */
  readonly steps?: readonly Stepped[];
  /** What of the bounds it used up. */
  readonly spent: Spending | null;
}

export type Spending =
  | 'onePhase'
  | 'twoPhase'
  | 'masterCrashes'
  | 'slaveCrashes'
  | 'heartbeats'
  | 'vetoes'
  | 'rollbacks'
  | 'deadlines'
  | 'silences'
  | 'storeFailures'
  | 'leaves'
  | 'reconnects'
  | 'backups'
  | 'failures';

/** A version made by that life of a master: another life's has other content. */
export const extend = (point: Point, version: number, maker: string): Point => ({
  version,
  digest: `${point.digest}/${version}.${maker}`,
});

/** Whether the history that `digest` spells begins with the one that `start` spells. */
export function isPrefix(start: string, digest: string): boolean {
  return start === digest || digest.startsWith(`${start}/`);
}

/** The digest that a spelt history had at a version. */
export function digestAt(digest: string, version: number): string | undefined {
  const parts = digest.split('/').slice(1);
  const at = parts.findIndex((part) => part.startsWith(`${version}.`));
  return at < 0 ? undefined : `/${parts.slice(0, at + 1).join('/')}`;
}

export type { PreparedRound };
