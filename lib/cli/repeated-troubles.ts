/**
 * Troubles for a log that somebody has to read: a slave with a wrong secret tries again for ever,
 * about once a second. The first of a kind from an address gets its line, those that follow are
 * counted once a minute, and strangers who come from many addresses share one count.
 */
import { type Clock, systemClock } from '../runtime/clock.js';
import type { Trouble } from '../service/status.js';

const COUNT_MS = 60_000;
/** Kinds told apart at a time. */
const KINDS_MAX = 64;
/** What whoever connects can cause again and again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'PROTOCOL',
  'TIMEOUT',
  'OVERLOADED',
  'DUPLICATE_ID',
]);
/** Each attempt comes from another port; the transport's own counts differ, too. */
const PORT = /(\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\]):\d+/gi;
const COUNT = /^\d+ more/;
const OTHERS = 'others';

interface Kind {
  count: number;
  last: Trouble;
}

export class RepeatedTroubles {
  readonly #tell: (trouble: Trouble, count: number) => void;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  #timer: unknown = null;

  /** @param tell with how many times it came since it was told last */
  constructor(tell: (trouble: Trouble, count: number) => void, clock: Clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  note(trouble: Trouble): void {
    if (!REFUSALS.has(trouble.code) || trouble.heuristic) return this.#tell(trouble, 1);
    const own = `${trouble.code} ${trouble.reason.replace(COUNT, '').replace(PORT, '$1')}`;
    const isFull = this.#kinds.size >= KINDS_MAX && !this.#kinds.has(own);
    const key = isFull ? OTHERS : own;
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      this.#kinds.set(key, { count: isFull ? 1 : 0, last: trouble });
      this.#timer ??= this.#clock.setTimeout(this.#turn, COUNT_MS);
      if (!isFull) this.#tell(trouble, 1);
      return;
    }
    kind.count += 1;
    kind.last = trouble;
  }

  /** Tells what was counted; the last call. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    for (const { count, last } of this.#kinds.values()) if (count > 0) this.#tell(last, count);
    this.#kinds.clear();
  }

  readonly #turn = (): void => {
    this.#timer = null;
    for (const [key, kind] of this.#kinds) {
      // Gone for a minute: the next one is news.
      if (kind.count === 0) this.#kinds.delete(key);
      else this.#tell(kind.last, kind.count);
      kind.count = 0;
    }
    if (this.#kinds.size > 0) this.#timer = this.#clock.setTimeout(this.#turn, COUNT_MS);
  };
}

/** A line for people. */
export function troubleText({ code, reason }: Trouble, count: number): string {
  return count === 1
    ? `${code}: ${reason}`
    : `${code}: ${count} more like this, the last: ${reason}`;
}
