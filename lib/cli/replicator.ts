/** Takes the states of a followed file to the slaves, the newest one next, one at a time. */
import { ReplicationError, reasonOf } from '../errors.js';
import type { DocumentMasterData } from '../layers/document/master.js';
import type { Master } from '../master.js';
import { bytesText, countText, durationText } from '../runtime/quantities.js';
import type { FileState } from './follow-file.js';
import type { Output } from './output.js';
import { awaited, rejoined } from './rejoined.js';
import { type AbortReport, abortReport, type FileReport } from './status-report.js';

type Method = 'one-phase' | 'two-phase';

/** Milliseconds that live slaves may take to confirm before the line is printed without them. */
const CONFIRM_MS = 10_000;

/** Milliseconds that slaves of before a restart get to come back: they reconnect within two s. */
const REJOIN_MS = 4000;

/** Codes after which the master cannot take another change. */
const FINAL = new Set<string>(['FENCED', 'OUTCOME_UNKNOWN', 'STORE_FAILED', 'CORRUPT']);

export interface ReplicatorOptions {
  readonly master: Master<DocumentMasterData<unknown>>;
  readonly path: string;
  readonly method: Method;
  readonly output: Output;
  /** The file's state or the last abort changed. */
  readonly touched: () => void;
  /** The master can do no more. */
  readonly failed: (error: unknown) => void;
}

interface Pending {
  readonly value: unknown;
  readonly bytes: number;
}

export class Replicator {
  readonly #options: ReplicatorOptions;
  #pending: Pending | null = null;
  #running = false;
  #first = true;
  #replicated = true;
  #problem: string | null = null;
  #lastAbort: AbortReport | null = null;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
  }

  get file(): FileReport {
    const path = this.#options.path;
    return { path, replicated: this.#replicated, problem: this.#problem };
  }

  get lastAbort(): AbortReport | null {
    return this.#lastAbort;
  }

  /** Called by the follower, for every state of the file. */
  take(state: FileState): void {
    const { output, path, touched } = this.#options;
    if (state.kind === 'problem') {
      this.#problem = state.problem;
      const stays = 'the replicated state stays as it is until the file can be read';
      output.problem('file', `${state.problem}; ${stays}`, { path, problem: state.problem });
      touched();
      return;
    }
    if (this.#problem !== null) {
      this.#problem = null;
      output.event('file', `${path} can be read again`, { path, problem: null });
      touched();
    }
    if (state.kind === 'recovered') return;
    // Editors save faster than a slow network takes it: only the newest state matters.
    this.#pending = { value: state.value, bytes: state.bytes };
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      const pending = this.#pending;
      if (pending === null) break;
      if (this.#first) await this.#askedAgain();
      // A newer state may have come while slaves were waited for.
      const newest = this.#pending ?? pending;
      this.#pending = null;
      await this.#replicate(newest);
      this.#options.touched();
    }
    this.#running = false;
  }

  /** What was edited while this master was down is a change as any other: slaves vote on it. */
  async #askedAgain(): Promise<void> {
    const { master, method, output } = this.#options;
    const missing = method === 'two-phase' ? awaited(master) : [];
    if (missing.length === 0) return;
    const text = `waiting up to ${durationText(REJOIN_MS)} for ${missing.join(', ')} to come back`;
    output.event('waiting', text, { slaves: missing, ms: REJOIN_MS });
    await rejoined(master, REJOIN_MS);
  }

  async #replicate({ value, bytes }: Pending): Promise<void> {
    const { master, method, output, path } = this.#options;
    const before = master.position?.version ?? 0;
    const startedMs = performance.now();
    const first = this.#first;
    this.#first = false;
    this.#replicated = false;
    output.progress(`${path} changed (${bytesText(bytes)}), replicating`);
    try {
      const { version } = await master.data.set(value, { method });
      this.#replicated = true;
      const fields = { version, bytes, method, ms: elapsed(startedMs) };
      if (version <= before) {
        // The state it started with is no news.
        if (!first)
          output.event('unchanged', `${path} says the same as version ${version}`, fields);
        return;
      }
      const took = durationText(fields.ms);
      output.event(
        'decided',
        `version ${version} of ${bytesText(bytes)} decided in ${took}`,
        fields,
      );
      void this.#confirm(version, startedMs);
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  /** Tells when every live slave has it; the next edit does not wait for that. */
  async #confirm(version: number, startedMs: number): Promise<void> {
    const { master, output } = this.#options;
    try {
      const slaves = await master.slavesAt(version, { timeout: CONFIRM_MS });
      const ms = elapsed(startedMs);
      const on = countText(slaves.length, 'slave');
      const text = `version ${version} is on ${on} after ${durationText(ms)}`;
      output.event('reached', text, { version, slaves, ms });
    } catch (thrown) {
      if (master.status.state === 'stopped') return;
      const behind = master.slaves().filter((slave) => slave.version < version);
      const names = behind.map(({ id, stage }) => `${id} (${stage})`).join(', ');
      const text = `version ${version} is not everywhere yet: ${names || reasonOf(thrown)}`;
      output.problem('late', text, { version, behind: behind.map(({ id }) => id) });
    }
  }

  #refused(thrown: unknown): void {
    const { output, path, master, failed } = this.#options;
    if (!(thrown instanceof ReplicationError) || FINAL.has(thrown.code)) {
      failed(thrown);
      return;
    }
    // It is being stopped.
    if (thrown.code === 'NOT_RUNNING') return;
    const report = abortReport(thrown);
    this.#lastAbort = report;
    const version = master.position?.version ?? 0;
    const blame = Object.entries(report.slaves).map(
      ([id, { stage, reason }]) => `${id} ${stage}: ${reason}`,
    );
    const why = blame.length > 0 ? blame.join('; ') : `${report.code}: ${report.reason}`;
    const stays = `no copy changed, all stay at version ${version}`;
    const ahead = `${stays}; ${path} is ahead of that, the next edit is tried again`;
    output.problem('refused', `not replicated: ${why}; ${ahead}`, { version, ...report });
  }
}

function elapsed(startedMs: number): number {
  return Math.round(performance.now() - startedMs);
}
