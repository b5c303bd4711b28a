/** Tells each trouble once until something changed: whoever can publish could repeat it for ever. */
import type { ReplicationError } from '../../errors.js';

/** Different ones until the next change; strangers choose subjects, and so messages. */
const TOLD_MAX = 32;

export class Troubles {
  readonly #tell: (error: ReplicationError) => void;
  readonly #told = new Set<string>();

  constructor(tell: (error: ReplicationError) => void) {
    this.#tell = tell;
  }

  get isQuiet(): boolean {
    return this.#told.size === 0;
  }

  tell(error: ReplicationError): void {
    const words = `${error.code} ${error.message}`;
    if (this.#told.has(words) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(words);
    this.#tell(error);
  }

  /** From here on everything is news again. */
  forget(): void {
    this.#told.clear();
  }
}
