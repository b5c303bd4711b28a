/**
 * What fails at a lease service is tried again several times in each lease, and may fail for hours:
 * each kind of call is told when it begins to fail or fails in other words, at most once a minute.
 */
import type { ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';

/** What names its request in each message is news every time. */
const TOLD_INTERVAL_MS = 60_000;

interface Told {
  readonly message: string;
  readonly atMs: number;
  /** It worked again since. */
  isOver: boolean;
}

export class LeaseTroubles {
  readonly #clock: Clock;
  readonly #tell: (error: ReplicationError) => void;
  readonly #told = new Map<string, Told>();

  constructor(clock: Clock, tell: (error: ReplicationError) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** What comes too early is told later, if it lasts. */
  failed(kind: string, error: ReplicationError): void {
    const last = this.#told.get(kind);
    const nowMs = this.#clock.now();
    const { message } = error;
    if (last !== undefined) {
      if (!last.isOver && last.message === message) return;
      if (nowMs - last.atMs < TOLD_INTERVAL_MS) return;
    }
    this.#told.set(kind, { message, atMs: nowMs, isOver: false });
    this.#tell(error);
  }

  /** What is over as it happens, and is news each time. */
  happened(kind: string, error: ReplicationError): void {
    this.worked(kind);
    this.failed(kind, error);
  }

  worked(kind: string): void {
    const last = this.#told.get(kind);
    if (last !== undefined) last.isOver = true;
  }
}
