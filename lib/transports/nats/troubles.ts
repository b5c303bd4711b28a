/** Tells each trouble once until something changed: whoever can publish could repeat it. */
import type { ReplicationError } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';

/** Different ones until the next change; strangers choose subjects, and so messages. */
const TOLD_MAX = 32;
/** How long strangers who used them up can keep true ones from being told. */
const SILENT_MS = 60_000;

export class Troubles {
  readonly #clock: Clock;
  readonly #tell: (error: ReplicationError) => void;
  readonly #told = new Set<string>();
  #fullAtMs = 0;

  constructor(clock: Clock, tell: (error: ReplicationError) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get isQuiet(): boolean {
    return this.#told.size === 0;
  }

  tell(error: ReplicationError): void {
    const nowMs = this.#clock.now();
    const isFull = this.#told.size >= TOLD_MAX;
    if (isFull && nowMs - this.#fullAtMs >= SILENT_MS) this.forget();
    const words = `${error.code} ${error.message}`;
    if (this.#told.has(words) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(words);
    this.#fullAtMs = nowMs;
    this.#tell(error);
  }

  /** From here on everything is news again. */
  forget(): void {
    this.#told.clear();
  }
}
