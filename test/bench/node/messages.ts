/** What the harness asks its processes, and what they answer. Times are those of `nowUs`. */
import type { Acknowledgement, SideConfig } from '../contestants/contract.js';

/** First argument of a process of the bench, as JSON. */
export interface NodeConfig extends SideConfig {
  readonly role: 'master' | 'slave';
  readonly valueBytes: number;
  /** Of the master, for slaves. */
  readonly address: string;
  /** Slaves in this process; each is a slave of its own with a connection of its own. */
  readonly copies: number;
  readonly id: string;
  /** Where its CPU profile goes; null for none. */
  readonly profileFolder: string | null;
}

export interface LoadPlan {
  readonly updates: number;
  readonly keys: number;
  /** The last update has `firstSequence + updates - 1` and goes to the key `end`. */
  readonly firstSequence: number;
  /** Before the event loop turns. @default 256 */
  readonly updatesPerTurn?: number;
}

export interface CommitPlan extends LoadPlan {
  readonly writers: number;
  readonly until: Acknowledgement;
}

export interface Usage {
  /** User and system time of the process so far. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** Through TCP sockets that this process opened, in both directions, so far. */
  readonly socketBytes: number;
}

/** Each question with what it takes and what it gives. */
export interface Questions {
  joined: { take: { slaves: number }; give: null };
  load: { take: LoadPlan; give: { startUs: number; settledUs: number | null } };
  /** One update every `intervalMs`; answers when each was handed over. */
  pulse: { take: LoadPlan & { intervalMs: number }; give: { startsUs: number[] } };
  commits: { take: CommitPlan; give: { elapsedUs: number; samplesUs: number[] } };
  checksum: { take: { keys: number }; give: { checksums: number[] } };
  usage: { take: null; give: Usage };
  /** All slaves of the process at once; when each had everything. */
  connect: { take: null; give: { startUs: number; endsUs: number[] } };
  disconnect: { take: null; give: null };
  size: { take: null; give: { keys: number } };
  /** Longest time that any slave heard nothing of its master since it was asked last. */
  silence: { take: null; give: { msMax: number } };
  /** Begins to watch the key `end`; `reached` answers when it had that sequence. */
  arm: { take: { sequence: number }; give: null };
  reached: { take: null; give: { atUs: number } };
  /** Begins to note when each sequence of the key `end` could be read first. */
  watch: { take: { firstSequence: number; updates: number }; give: null };
  watched: { take: null; give: { timesUs: number[] } };
  stop: { take: null; give: null };
}

export type QuestionName = keyof Questions;

export interface Request {
  readonly request: number;
  readonly name: QuestionName;
  readonly take: unknown;
}

export type Reply =
  | { readonly ready: true; readonly address: string }
  | { readonly request: number; readonly give: unknown }
  | { readonly request: number; readonly error: string };

/** Microseconds of the machine's monotonic clock: the same in all processes. */
export function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}

export const END_KEY = 'end';
