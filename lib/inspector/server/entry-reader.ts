/**
 * One reader of `/entries`. Lines wait for it while its connection is full, up to a limit; then
 * all that waits is thrown away, and it goes on from a keyframe of now behind a gap that says so:
 * one that cannot keep up costs a bounded amount, and what it shows is right again at once.
 */
import type { ServerResponse } from 'node:http';
import type { GapEntry } from '../entries.js';
import type { EntryFeed } from '../feed.js';
import type { ServerLimits } from './limits.js';

/** Bytes handed to the connection at once; lines are much shorter. */
const WRITE_BYTES = 256 * 1024;

export interface EntryReaderOptions {
  readonly feed: EntryFeed;
  readonly response: ServerResponse;
  /** The first line. */
  readonly header: string;
  readonly limits: ServerLimits;
  /** True for a recording: the answer ends with the last line that is there. */
  readonly isWhole: boolean;
}

export class EntryReader {
  readonly #options: EntryReaderOptions;
  /** Lines shared with the buffer that they are from. */
  #waiting: string[] = [];
  /** Index in `#waiting` of the next line to write. */
  #next = 0;
  /** Of the gap that waits first; 0 when none does. */
  #skipped = 0;
  /** Lines of the history it began with, not written yet: those may be more than the limit. */
  #historyLeft = 0;
  /** Characters of the other lines that wait. */
  #length = 0;
  #isFull = false;
  #isOver = false;
  #unsubscribe = (): void => undefined;
  #stall: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;

  constructor(options: EntryReaderOptions) {
    this.#options = options;
  }

  start(): void {
    const { feed, response, header, limits, isWhole } = this.#options;
    response.on('drain', () => this.#drained());
    response.on('close', () => this.close());
    this.#waiting.push(header);
    let isHistory = true;
    this.#unsubscribe = feed.subscribe((lines) => this.#take(lines, isHistory));
    isHistory = false;
    this.#historyLeft = this.#waiting.length;
    if (!isWhole) {
      this.#pulse = setInterval(() => this.#beat(), limits.pulseMs);
      this.#pulse.unref();
    }
    this.#write();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#pulse);
    clearTimeout(this.#stall);
    this.#unsubscribe();
    this.#waiting = [];
    this.#options.response.end();
  }

  #take(lines: readonly string[], isHistory: boolean): void {
    if (this.#isOver) return;
    for (const line of lines) this.#waiting.push(line);
    if (isHistory) return;
    for (const line of lines) this.#length += line.length;
    if (this.#length > this.#options.limits.readerBytesMax) this.#skip();
    this.#write();
  }

  #skip(): void {
    const { feed } = this.#options;
    // A gap that is skipped itself is counted in the next one; the keyframe behind it is no loss.
    const isGapWaiting = this.#skipped > 0 && this.#next === 0;
    const own = isGapWaiting ? this.#waiting.length - 2 : this.#waiting.length - this.#next;
    const count = own + (isGapWaiting ? this.#skipped : 0);
    this.#skipped = count;
    const at = performance.timeOrigin + performance.now();
    const gap: GapEntry = { kind: 'gap', at, node: '', count, reason: 'buffer' };
    this.#waiting = [JSON.stringify(gap), feed.skip()];
    this.#next = 0;
    this.#length = 0;
    this.#historyLeft = this.#waiting.length;
  }

  #write(): void {
    while (!this.#isFull && !this.#isOver && this.#next < this.#waiting.length) {
      this.#send(this.#chunk());
    }
    if (this.#next < this.#waiting.length) return;
    this.#waiting = [];
    this.#next = 0;
    this.#length = 0;
    this.#historyLeft = 0;
    if (this.#options.isWhole && !this.#isFull) this.close();
  }

  #chunk(): string {
    this.#skipped = 0;
    let chunk = '';
    while (this.#next < this.#waiting.length && chunk.length < WRITE_BYTES) {
      const line = this.#waiting[this.#next] ?? '';
      chunk += `${line}\n`;
      this.#next += 1;
      if (this.#historyLeft > 0) this.#historyLeft -= 1;
      else this.#length -= line.length;
    }
    return chunk;
  }

  #drained(): void {
    clearTimeout(this.#stall);
    this.#isFull = false;
    this.#write();
  }

  #beat(): void {
    if (!this.#isFull && !this.#isOver) this.#send('\n');
  }

  #send(text: string): void {
    const { response, limits } = this.#options;
    this.#isFull = !response.write(text);
    if (!this.#isFull) return;
    this.#stall = setTimeout(() => response.destroy(), limits.readerStallMs);
    this.#stall.unref();
  }
}
