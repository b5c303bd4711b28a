/** One seed as a recording that `replichart replay` opens: the promise it broke comes last. */

import { createCollector } from '../../lib/inspector/collect/collector.js';
import type { Entry } from '../../lib/inspector/entries.js';
import type { Clock } from '../../lib/runtime/clock.js';
import { writeEntries } from '../support/write-entries.js';
import { once, type SeedRun } from './run-seed.js';

/** When the virtual clock is at 0, so that equal runs have equal recordings. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export interface RecordedSeed {
  readonly entries: readonly Entry[];
  readonly violations: readonly string[];
}

/** The code of the trouble entry: a promise of the protocol did not hold. */
export const BROKEN = 'BROKEN_PROMISE';

/**
 * Timers that run when something else happens next. On the clock of the run they would be counted
 * as left behind by a node (S15), and being watched must change nothing.
 */
class LateTimers implements Clock {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, { readonly dueMs: number; readonly call: () => void }>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly now = (): number => this.#clock.now();

  readonly setTimeout = (call: () => void, delayMs: number): unknown => {
    this.#count += 1;
    this.#waiting.set(this.#count, { dueMs: this.now() + delayMs, call });
    return this.#count;
  };

  readonly clearTimeout = (handle: unknown): void => {
    this.#waiting.delete(handle as number);
  };

  readonly setImmediate = (call: () => void): void => {
    this.setTimeout(call, 0);
  };

  runDue(): void {
    for (const [handle, { dueMs, call }] of [...this.#waiting]) {
      if (dueMs <= this.now() && this.#waiting.delete(handle)) call();
    }
  }
}

export async function entriesOfSeed(run: SeedRun): Promise<RecordedSeed> {
  const entries: Entry[] = [];
  let end = (): number => 0;
  const { violations } = await once(run, (clock) => {
    const timers = new LateTimers(clock);
    const { inspect, wholly, close } = createCollector({
      clock: timers,
      epochMs: EPOCH_MS,
      prefix: 'simulated-',
      process: { pid: 0, host: 'simulation' },
      sink: { take: (more) => void entries.push(...more) },
    });
    wholly();
    end = () => {
      close();
      return EPOCH_MS + clock.now();
    };
    return (event) => {
      timers.runDue();
      inspect(event);
    };
  });
  const at = end();
  const node = entries.findLast((entry) => entry.kind === 'node' && entry.role === 'master');
  for (const reason of violations) {
    const trouble = { code: BROKEN, reason, heuristic: false };
    const name = node?.kind === 'node' ? node.node : '';
    entries.push({ kind: 'trouble', at, node: name, trouble });
  }
  return { entries, violations };
}

/** @throws what writing the file throws */
export async function recordSeed(run: SeedRun, path: string): Promise<{ readonly lines: number }> {
  const { entries } = await entriesOfSeed(run);
  return { lines: writeEntries(path, EPOCH_MS, entries) };
}
