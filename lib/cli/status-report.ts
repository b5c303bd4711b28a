/** What `replichart master` tells of itself and its slaves, as `replichart status` reads it. */
import { ReplicationError, reasonOf } from '../errors.js';
import type { Master } from '../master.js';
import type { BelowStatus, MasterStatus, SlaveInfo } from '../service/status.js';

/** Of the last two-phase change that was not made. */
export interface AbortReport {
  /** When, as an ISO time of the master's host. */
  readonly at: string;
  readonly code: string;
  readonly reason: string;
  /** The slaves that refused or did not answer, by id. */
  readonly slaves: Readonly<Record<string, { readonly stage: string; readonly reason: string }>>;
}

export interface FileReport {
  readonly path: string;
  /** False while the file holds what is not replicated: it was refused or cannot be read. */
  readonly replicated: boolean;
  readonly problem: string | null;
}

export interface StatusReport {
  /** Raised when a reader of the old shape would misread the new one. */
  readonly format: 1;
  readonly item: string;
  readonly method: 'one-phase' | 'two-phase';
  readonly master: { readonly id: string; readonly pid: number } & MasterStatus;
  readonly file: FileReport;
  readonly slaves: readonly SlaveInfo[];
  /** All nodes of the tree; only where slaves are relays. */
  readonly below?: BelowStatus;
  readonly lastAbort: AbortReport | null;
}

/** The item that carries the report of `item`. */
export function statusItem(item: string): string {
  return `${item}/status`;
}

const AT_FAULT = new Set(['vetoed', 'lost', 'waiting', 'sent']);

const NO_ANSWER = 'no answer in time';

/** The report is replicated, and no value may have the key `__proto__`. */
function shown(id: string): string {
  return id === '__proto__' ? `"${id}"` : id;
}

/** What an aborted change says about who refused it and why. */
export function abortReport(error: ReplicationError): AbortReport {
  const slaves = Object.fromEntries(
    Object.entries(error.slaves)
      .filter(([, { stage }]) => AT_FAULT.has(stage))
      .map(([id, { stage, reason }]) => [shown(id), { stage, reason: reason ?? NO_ANSWER }]),
  );
  const cause = error.cause;
  const reason = cause === undefined ? error.message : reasonOf(cause);
  const code = cause instanceof ReplicationError ? cause.code : error.code;
  return { at: new Date().toISOString(), code, reason, slaves };
}

/** Plain data: positions and statuses of the running master. */
export function makeReport(
  master: Master<unknown>,
  rest: Pick<StatusReport, 'method' | 'file' | 'lastAbort'>,
): StatusReport {
  const { state, position, round, queued, problem } = master.status;
  const below = master.below();
  return {
    format: 1,
    item: master.item,
    ...rest,
    master: {
      id: master.id,
      pid: process.pid,
      state,
      position,
      round,
      queued,
      problem,
    },
    slaves: master.slaves().map((slave) => ({ ...slave, age: Math.round(slave.age) })),
    ...(below.relays > 0 ? { below } : {}),
  };
}
