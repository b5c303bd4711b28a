/**
 * SET and WAIT for many writers over one connection, the fastest form that was found: what is
 * written while a WAIT is under way goes out together, with one WAIT for all of it.
 */
import type { RespClient } from './resp-client.js';

export class GroupedWait {
  #waiting: Array<{ readonly resolve: () => void; readonly reject: (error: Error) => void }> = [];
  #isUnderWay = false;
  #isScheduled = false;

  constructor(
    private readonly client: RespClient,
    private readonly replicas: number,
  ) {}

  set(key: string, text: string): Promise<void> {
    this.client.send(['SET', key, text]);
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (!this.#isUnderWay && !this.#isScheduled) {
      this.#isScheduled = true;
      // After the microtasks of this turn: all writers that were answered together write first.
      process.nextTick(() => this.#wait());
    }
    return done;
  }

  #wait(): void {
    this.#isScheduled = false;
    this.#isUnderWay = true;
    const group = this.#waiting;
    this.#waiting = [];
    this.client.send(['WAIT', String(this.replicas), '0'], (confirmed) => {
      this.#isUnderWay = false;
      for (const { resolve, reject } of group) {
        if (confirmed === this.replicas) resolve();
        else reject(new Error(`only ${String(confirmed)} replicas confirmed`));
      }
      if (this.#waiting.length > 0) this.#wait();
    });
  }
}
