import type { Master, ReplicationTask, UpdateOptions } from 'replichart';
import type { Value } from '../../values.js';
import type { Acknowledgement, MasterSide } from '../contract.js';

/** How a layer is written and read. */
export interface OriginalAccess {
  set(key: string, value: Value, options?: UpdateOptions): ReplicationTask;
  read(key: string): Value | undefined;
}

/** Turns of a load that may be unsettled: some 4,000 updates, far below `queueMax`. */
const TURNS_OPEN_MAX = 16;
const JOIN_MS_MAX = 30_000;

const TWO_PHASE: Readonly<Record<Acknowledgement, UpdateOptions>> = {
  committed: { method: 'two-phase', ack: 'decided' },
  applied: { method: 'two-phase', ack: 'applied' },
};

export class ReplichartMaster implements MasterSide {
  readonly #open: ReplicationTask[] = [];
  #newest: ReplicationTask | null = null;

  constructor(
    private readonly master: Master<unknown>,
    readonly address: string,
    private readonly original: OriginalAccess,
    private readonly slaves: number,
  ) {}

  async joined(slaves: number): Promise<void> {
    const deadline = performance.now() + JOIN_MS_MAX;
    for (;;) {
      const version = this.master.position?.version ?? 0;
      const live = this.master.slaves().filter((slave) => {
        return slave.link === 'live' && slave.version === version;
      });
      if (live.length >= slaves) return;
      if (performance.now() > deadline) throw new Error(`${live.length} of ${slaves} slaves live`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  put(key: string, value: Value): void {
    this.#newest = this.original.set(key, value);
  }

  /** The newest task of each turn stands for all of its turn: changes settle in their order. */
  pressure(): Promise<void> | null {
    if (this.#newest !== null) this.#open.push(this.#newest);
    this.#newest = null;
    if (this.#open.length < TURNS_OPEN_MAX) return null;
    const oldest = this.#open.shift();
    return oldest === undefined ? null : (oldest.then(() => undefined) as Promise<void>);
  }

  async commit(key: string, value: Value, until: Acknowledgement): Promise<void> {
    const { participants, unconfirmed } = await this.original.set(key, value, TWO_PHASE[until]);
    if (participants.length !== this.slaves) {
      throw new Error(`${participants.length} participants instead of ${this.slaves}`);
    }
    if (until === 'applied' && unconfirmed.length > 0)
      throw new Error(`not confirmed by ${unconfirmed.join(', ')}`);
  }

  read(key: string): Value | undefined {
    return this.original.read(key);
  }

  stop(): Promise<void> {
    return this.master.stop();
  }
}
