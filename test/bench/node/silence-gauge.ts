/** How long slaves heard nothing at most; looked at often enough to see a late heartbeat. */
import type { SlaveSide } from '../contestants/contract.js';

const LOOK_MS = 50;

export class SilenceGauge {
  #msMax = 0;

  constructor(private readonly slaves: readonly SlaveSide[]) {
    if (slaves[0]?.ageMs === undefined) return;
    setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** The longest silence since the last call. */
  take(): number {
    this.#look();
    const msMax = this.#msMax;
    this.#msMax = 0;
    return msMax;
  }

  #look(): void {
    for (const slave of this.slaves) {
      const ageMs = slave.ageMs?.() ?? 0;
      // Before its first word a slave waits for nothing yet.
      if (Number.isFinite(ageMs) && ageMs > this.#msMax) this.#msMax = ageMs;
    }
  }
}
