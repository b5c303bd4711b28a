/**
 * Strangers decide how often they are refused; they shall not decide how much a host writes to its
 * log. The first refusals of a second are told one by one, the others as one count.
 */
import { type ErrorCode, ReplicationError } from '../errors.js';
import { limits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';

const WINDOW_MS = 1000;

interface Withheld {
  readonly count: number;
  readonly last: () => ReplicationError;
}

export class TroubleMeter {
  readonly #clock: Clock;
  readonly #tell: (error: ReplicationError) => void;
  readonly #told = new Map<ErrorCode, number>();
  readonly #withheld = new Map<ErrorCode, Withheld>();
  #timer: unknown = null;

  constructor(clock: Clock, tell: (error: ReplicationError) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Tells at once while there are few of this code; every one is counted in what is told. */
  readonly tell = (error: ReplicationError): void => this.tellOf(error.code, () => error);

  /** The same; under a flood most errors are counted and need not be made. */
  readonly tellOf = (code: ErrorCode, make: () => ReplicationError): void => {
    this.#timer ??= this.#clock.setTimeout(this.#turn, WINDOW_MS);
    const told = this.#told.get(code) ?? 0;
    if (told < limits.troublesPerSecondMax) {
      this.#told.set(code, told + 1);
      return this.#tell(make());
    }
    const count = (this.#withheld.get(code)?.count ?? 0) + 1;
    this.#withheld.set(code, { count, last: make });
  };

  /** Nothing is told any more. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#told.clear();
    this.#withheld.clear();
  }

  readonly #turn = (): void => {
    const withheld = [...this.#withheld];
    this.stop();
    for (const [code, { count, last: make }] of withheld) {
      const last = make();
      const message = `${count} more like this within ${WINDOW_MS} ms, the last: ${last.message}`;
      this.#tell(new ReplicationError(code, message, { cause: last }));
    }
  };
}
