/** Several processes under one id at different places of a tree: told once, after a grace (P13). */
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';

/** Heartbeats that word of a departure may take past the one that ends a silent connection. */
const GRACE_HEARTBEATS = 5;

export interface TwinsParts {
  readonly clock: Clock;
  readonly heartbeatMs: () => number;
  readonly trouble: (code: string, reason: string) => void;
  /** Where this id is, in words. */
  readonly placesOf: (id: string) => string;
}

export class Twins {
  readonly #parts: TwinsParts;
  /** Ids under which several processes are here, and since when; told once. */
  readonly #twins = new Map<string, { readonly sinceMs: number; isTold: boolean }>();

  constructor(parts: TwinsParts) {
    this.#parts = parts;
  }

  /** @param incarnations of those who are here under this id; '' is nobody's */
  weigh(id: string, incarnations: Iterable<string>): void {
    const lives = new Set(incarnations);
    lives.delete('');
    if (lives.size < 2) this.#twins.delete(id);
    else if (!this.#twins.has(id)) {
      this.#twins.set(id, { sinceMs: this.#parts.clock.now(), isTold: false });
    }
  }

  /** To be called with each heartbeat. */
  look(): void {
    const { clock, heartbeatMs, trouble, placesOf } = this.#parts;
    const graceMs = (serviceLimits.deadHeartbeats + GRACE_HEARTBEATS) * heartbeatMs();
    for (const [id, twins] of this.#twins) {
      // One that moved is still at its former place until the word of its departure is here.
      if (twins.isTold || clock.now() - twins.sinceMs < graceMs) continue;
      twins.isTold = true;
      trouble('DUPLICATE_ID', `several processes say they are slave "${id}": ${placesOf(id)}`);
    }
  }
}
