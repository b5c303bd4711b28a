/** When lines came, by the clock of who reads: clocks of the hosts that tell them may be off. */

/** Marks are no nearer than this: what is judged by them is judged in seconds. */
const STEP_MS = 250;
/** What comes first was kept until somebody looked. */
const HISTORY_MS = 2000;

interface Arrival {
  /** Number of the first line that came then. */
  readonly line: number;
  readonly at: number;
}

export class Arrivals {
  #marks: Arrival[] = [];
  #beganAt: number | null = null;
  #historyEnd = 0;

  /** Lines from this number on come now. */
  note(line: number, nowMs: number): void {
    this.#beganAt ??= nowMs;
    if (nowMs - this.#beganAt < HISTORY_MS) this.#historyEnd = Number.POSITIVE_INFINITY;
    else if (this.#historyEnd === Number.POSITIVE_INFINITY) this.#historyEnd = line;
    const last = this.#marks.at(-1);
    if (last === undefined || nowMs - last.at >= STEP_MS) this.#marks.push({ line, at: nowMs });
  }

  /** Null where nothing is known. */
  of(line: number): number | null {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#marks[middle]?.line ?? 0) <= line) low = middle + 1;
      else high = middle;
    }
    return this.#marks[low - 1]?.at ?? null;
  }

  isHistory(line: number): boolean {
    return line < this.#historyEnd;
  }

  forgetBefore(first: number): void {
    const kept = this.#marks.findLastIndex(({ line }) => line <= first);
    if (kept > 0) this.#marks.splice(0, kept);
  }
}
