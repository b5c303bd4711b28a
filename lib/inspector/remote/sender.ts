/**
 * Brings lines to an inspector elsewhere, one batch after the other, over nothing but `fetch`. The
 * protocol never waits for it: lines wait here, a bounded number of them, and when the inspector is
 * away for longer than that they are thrown away for a gap and a keyframe.
 */
import { reasonOf } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { InspectorLink } from './link.js';

/** Characters that wait at the most behind what is known; as many as that, where it is longer. */
const WAITING_MAX = 4 * 1024 * 1024;
/** Characters of one batch; three bytes each are below what a server takes. */
const BATCH_MAX = 512 * 1024;
/** Milliseconds until an answer counts as lost. */
const ANSWER_MS = 5000;
/** Milliseconds until the next try; doubled with each failure. */
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;
const REASON_MAX = 300;

export interface SenderOptions {
  readonly link: InspectorLink;
  /** Unique: by it and a number the server knows a batch that it was sent twice. */
  readonly id: string;
  readonly clock: Clock;
  /** What a reader needs to go on from now, after `dropped` lines that it will not get. */
  readonly restart: (dropped: number) => readonly string[];
  /** Told once about each thing that is wrong. */
  readonly troubled: (code: string, reason: string) => void;
}

/** What can be wrong again after it was well for a while, and is told again then. */
const PASSING = ['NOT_RUNNING', 'OVERLOADED'] as const;

type Outcome = 'sent' | 'again' | 'dropped' | 'refused';

export class Sender {
  readonly #options: SenderOptions;
  #waiting: string[] = [];
  /** Lines at the front that a restart put there, and how many others they stand for. */
  #restartLines = 0;
  #dropped = 0;
  /** Characters that a restart had. */
  #restartLength = 0;
  /** Characters that wait, without those of a restart. */
  #length = 0;
  #batch: string[] = [];
  #number = 1;
  #run = '';
  #isBusy = false;
  #isOver = false;
  #retryMs = RETRY_MS_MIN;
  #timer: unknown;
  readonly #told = new Set<string>();
  #request: AbortController | null = null;
  #idle: Array<() => void> = [];

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  take(lines: readonly string[]): void {
    if (this.#isOver) return;
    for (const line of lines) {
      this.#waiting.push(line);
      this.#length += line.length;
    }
    // What is known may be longer than the limit: counted in, it would be written for each line.
    if (this.#length > Math.max(WAITING_MAX, this.#restartLength)) this.#beginAnew();
    this.#pump();
  }

  /** Resolves once all is sent, or after `ms`; takes nothing any more. */
  async close(ms: number): Promise<void> {
    const { clock } = this.#options;
    let timer: unknown;
    const release = clock.hold?.();
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, ms);
    });
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#pump();
    await Promise.race([late, idle]);
    clock.clearTimeout(timer);
    release?.();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#batch = [];
    this.#length = 0;
    this.#request?.abort();
    this.#options.clock.clearTimeout(this.#timer);
    this.#tellIdle();
  }

  #tellIdle(): void {
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  #beginAnew(): void {
    // A gap that is dropped itself is counted in the next one.
    this.#dropped += this.#waiting.length - this.#restartLines;
    this.#waiting = [...this.#options.restart(this.#dropped)];
    this.#restartLines = this.#waiting.length;
    this.#restartLength = this.#waiting.reduce((length, line) => length + line.length, 0);
    this.#length = 0;
  }

  #pump(): void {
    if (this.#isBusy || this.#isOver) return;
    if (this.#batch.length === 0) this.#fill();
    if (this.#batch.length === 0) {
      this.#tellIdle();
      return;
    }
    this.#isBusy = true;
    void this.#send(`${this.#batch.join('\n')}\n`).then((outcome) => this.#sent(outcome));
  }

  #fill(): void {
    let length = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && length + line.length > BATCH_MAX) break;
      length += line.length;
      count += 1;
      if (count > this.#restartLines) this.#length -= line.length;
    }
    this.#batch = this.#waiting.splice(0, count);
    this.#restartLines = Math.max(0, this.#restartLines - count);
    this.#dropped = 0;
  }

  #sent(outcome: Outcome): void {
    this.#isBusy = false;
    if (this.#isOver) return;
    if (outcome === 'refused') {
      this.#end();
      return;
    }
    if (outcome !== 'again') {
      this.#batch = [];
      this.#number += 1;
      this.#retryMs = RETRY_MS_MIN;
      this.#pump();
      return;
    }
    this.#isBusy = true;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#isBusy = false;
      this.#pump();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }

  async #send(body: string): Promise<Outcome> {
    const { link, id, clock } = this.#options;
    const request = new AbortController();
    this.#request = request;
    const late = clock.setTimeout(() => request.abort(new Error('no answer in time')), ANSWER_MS);
    try {
      const response = await fetch(`${link.address}ingest`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${link.token}`,
          'content-type': 'application/x-ndjson',
          'replichart-batch': `${id} ${this.#number}`,
        },
        body,
        redirect: 'error',
        credentials: 'omit',
        signal: request.signal,
      });
      const text = (await response.text()).trim().slice(0, REASON_MAX);
      return this.#answered(response.status, text);
    } catch (error) {
      if (!this.#isOver) this.#troubled('NOT_RUNNING', `does not answer: ${reasonOf(error)}`);
      return 'again';
    } finally {
      clock.clearTimeout(late);
    }
  }

  #answered(status: number, text: string): Outcome {
    if (status === 200) {
      const isOther = this.#run !== '' && text !== this.#run;
      this.#run = text;
      for (const code of PASSING) this.#told.delete(code);
      // It was started anew, and knows nothing of what the other one was sent.
      if (isOther) this.#beginAnew();
      return 'sent';
    }
    if (status === 401 || status === 403) {
      this.#troubled('UNAUTHORIZED', `refused this host and is not asked again: ${text}`);
      return 'refused';
    }
    if (status === 408 || status >= 500) {
      this.#troubled('OVERLOADED', `could not take entries: ${text}`);
      return 'again';
    }
    this.#troubled('PROTOCOL', `did not take some entries (status ${status}): ${text}`);
    return 'dropped';
  }

  #troubled(code: string, reason: string): void {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#options.troubled(code, `the inspector at ${this.#options.link.address} ${reason}`);
  }
}
