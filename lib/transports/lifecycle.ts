/** Opening and closing, in the order in which they were asked for, whatever the state. */
import { ReplicationError } from '../errors.js';
import type { TransportSink } from './contract.js';
import { SinkGate } from './sink-gate.js';

/** What a transport does at either end. `stop` is also called after a `start` that failed. */
export interface LifecycleSteps {
  start(gate: SinkGate): Promise<void> | void;
  stop(gate: SinkGate): Promise<void> | void;
}

function refuseAborted(what: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const message = `${what} was not opened: the signal given to open was aborted`;
  throw new ReplicationError('ABORTED', message, { cause: signal.reason });
}

/**
 * Serialises `open` and `close`: each waits for those before it, so closing while opening, or
 * opening while closing, ends in the state that was asked for last.
 */
export class Lifecycle {
  readonly #what: string;
  readonly #steps: LifecycleSteps;
  #gate: SinkGate | null = null;
  #tail: Promise<void> = Promise.resolve();

  constructor(what: string, steps: LifecycleSteps) {
    this.#what = what;
    this.#steps = steps;
  }

  /**
   * @throws {ReplicationError} ABORTED by the signal; INVALID_OPTION when it is open already; what
   * `start` fails with.
   */
  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#next(() => this.#open(sink, signal));
  }

  close(): Promise<void> {
    return this.#next(() => this.#close());
  }

  #next(step: () => Promise<void>): Promise<void> {
    const run = this.#tail.then(step);
    // The failure belongs to the caller of this step; the next one starts from a known state.
    this.#tail = run.catch(() => undefined);
    return run;
  }

  async #open(sink: TransportSink, signal: AbortSignal | undefined): Promise<void> {
    if (this.#gate !== null) {
      const message = `${this.#what} is open already and serves one sink only; close it first`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    refuseAborted(this.#what, signal);
    const gate = new SinkGate(sink);
    this.#gate = gate;
    try {
      await this.#steps.start(gate);
      refuseAborted(this.#what, signal);
    } catch (thrown) {
      await this.#close();
      throw thrown;
    }
  }

  async #close(): Promise<void> {
    const gate = this.#gate;
    if (gate === null) return;
    await this.#steps.stop(gate);
    gate.shut();
    this.#gate = null;
  }
}
