/** Tells why no connection comes about once per change of the reason, not once per attempt. */
import type { ReplicationError } from '../errors.js';

export class ToldOnce {
  readonly #tell: (error: ReplicationError) => void;
  #last = '';

  constructor(tell: (error: ReplicationError) => void) {
    this.#tell = tell;
  }

  tell(error: ReplicationError): void {
    const told = `${error.code} ${error.message}`;
    if (told !== this.#last) this.#tell(error);
    this.#last = told;
  }

  /** From here on the same is news again. */
  forget(): void {
    this.#last = '';
  }
}
