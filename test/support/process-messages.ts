/** What a test and the processes it starts say to each other over their channel. */
import type { MasterStatus, SlaveInfo, SlaveStatus } from '../../lib/service/status.js';

/** Name of the replicated map. */
export const ITEM = 'chaos';

/** What every value of the replicated map holds: which change made it, and what hooks do to it. */
export interface Mark {
  readonly change: string;
  /** Every slave's `prepare` hook refuses a change that holds such a value. */
  readonly veto?: boolean;
}

export interface HostConfig {
  readonly role: 'master' | 'slave';
  /** Id of the node, the same in all its lives. */
  readonly id: string;
  /** Number of this process among the lives of its node, from 1. */
  readonly life: number;
  readonly folder: string;
  /** Where this node writes what it showed and what it acknowledged; shared by all its lives. */
  readonly log: string;
  /** Port of the master; 0 lets a master choose. */
  readonly port: number;
  readonly heartbeatMs: number;
  readonly voteMs: number;
  /** A master's order to take over. */
  readonly takeover?: boolean;
  /** Each synced write takes this much longer. */
  readonly slowSyncMs?: number;
  /** What this host does wrong, for the judge to find. */
  readonly bug?: Bug;
}

/** Seeded bugs: each must be found by a run, or the run could not find a real one. */
export const BUGS = {
  'early-ack': 'a master acknowledges before the library did',
  'lying-sync': 'a store confirms a batch it has not written',
  'dirty-read': 'a slave shows what it was only asked to prepare',
  'old-folder': 'a slave starts on an older copy of its folder',
  'wrong-content': 'a slave shows another value than its master',
  'slow-return': 'a slave waits too long before it connects again',
  'early-end': 'a process ends by itself',
  leak: 'a process opens files and keeps them',
} as const;

export type Bug = keyof typeof BUGS;

/** A stretch of changes that the master makes by itself; `seed` decides each of them. */
export interface Load {
  readonly seed: string;
  readonly changes: number;
  /** Changes under way at a time. */
  readonly inFlight: number;
  /** Of all changes, from 0 to 1. */
  readonly twoPhaseShare: number;
}

export type HostCommand =
  | { readonly command: 'load'; readonly load: Load }
  /** Ends the load: no change is begun any more. */
  | { readonly command: 'cease' }
  | { readonly command: 'set'; readonly key: string; readonly options: SetOptions }
  /** The exits of hosts from a regressed original (decisions 0011, 0012). */
  | { readonly command: 'resync' }
  | { readonly command: 'adopt'; readonly lineage: string }
  | { readonly command: 'new-lineage' }
  | { readonly command: 'status' }
  | { readonly command: 'content' }
  | { readonly command: 'stop' };

export interface SetOptions {
  readonly method: 'one-phase' | 'two-phase';
  readonly ack?: 'decided' | 'applied';
  /** Milliseconds for the votes of this one. @default that of the host */
  readonly timeout?: number;
}

export interface HostStatus {
  readonly version: number;
  readonly digest: string;
  /** Sum of hashes over all entries, kept by the host itself. */
  readonly sum: string;
  readonly master: MasterStatus | null;
  readonly slaves: readonly SlaveInfo[];
  readonly slave: SlaveStatus | null;
  /** Changes of a load that have no answer yet. */
  readonly open: number;
  readonly usage: Usage;
}

/** What the process holds (R7). */
export interface Usage {
  readonly rssBytes: number;
  /** Open file descriptors; null where the system does not tell. */
  readonly openFiles: number | null;
}

export interface HostContent {
  readonly version: number;
  readonly hash: string;
  /** The changes that the map shows, each by its own key. */
  readonly changes: readonly string[];
}

/** How one change ended, as its task said. */
export interface SetOutcome {
  readonly version: number | null;
  readonly unconfirmed: readonly string[];
  readonly code: string | null;
  readonly causeCode: string | null;
  readonly message: string;
  readonly slaves: Readonly<Record<string, { readonly stage: string; readonly reason?: string }>>;
}

export interface HostRequest {
  readonly request: number;
  readonly body: HostCommand;
}

export type HostReport =
  | { readonly ready: true; readonly port: number }
  /** It could not start, and ends. */
  | { readonly refused: { readonly code: string; readonly message: string } }
  | { readonly answer: number; readonly body: unknown };
