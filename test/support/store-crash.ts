/**
 * An engine with a power switch: batches that were not synced may be gone after `crash`, the
 * later ones with the earlier ones kept (as a log loses its tail), or the one in the middle
 * (as LevelDB skips what it cannot read).
 */
import type { Store, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';

export class CrashEngine implements StoreDefinition {
  readonly durable = true;
  readonly location = 'crash-engine';
  #synced = new Map<string, Uint8Array>();
  #unsynced: StoreOperation[][] = [];
  /** Called before each step that writes; throws to fail it. */
  beforeWrite: (step: number) => void = () => undefined;
  steps = 0;
  #life = 0;

  async open(): Promise<Store> {
    const life = this.#life;
    const alive = () => {
      if (life !== this.#life) throw new Error('the process of this store is gone');
    };
    const write = (operations: readonly StoreOperation[], sync: boolean) => {
      alive();
      this.beforeWrite(this.steps);
      this.steps += 1;
      this.#unsynced.push([...operations]);
      if (sync) this.#sync();
    };
    const now = () => [...this.view()];
    return {
      durable: true,
      location: this.location,
      async get(key) {
        alive();
        return new Map(now()).get(key);
      },
      async *entries(prefix) {
        alive();
        const part = now().filter(([key]) => key.startsWith(prefix));
        part.sort(([left], [right]) => (left < right ? -1 : 1));
        for (let at = 0; at < part.length; at += 10) yield part.slice(at, at + 10);
      },
      batch: async (operations, { sync }) => write(operations, sync),
      async clear(prefix) {
        const keys = now().filter(([key]) => key.startsWith(prefix));
        if (keys.length > 0)
          write(
            keys.map(([key]) => ({ key })),
            false,
          );
      },
      close: async () => undefined,
    };
  }

  /** How many batches a crash could lose. */
  get unsynced(): number {
    return this.#unsynced.length;
  }

  /** Ends all open stores; of the unsynced batches only those `keep` says yes to are left. */
  crash(keep: (index: number) => boolean): void {
    this.#life += 1;
    this.#unsynced = this.#unsynced.filter((_, index) => keep(index));
    this.#sync();
    this.beforeWrite = () => undefined;
  }

  /** Changes what is on disk behind everybody's back. */
  tamper(change: (entries: Map<string, Uint8Array>) => void): void {
    this.#sync();
    change(this.#synced);
  }

  view(): Map<string, Uint8Array> {
    const view = new Map(this.#synced);
    for (const operations of this.#unsynced) apply(view, operations);
    return view;
  }

  #sync(): void {
    this.#synced = this.view();
    this.#unsynced = [];
  }
}

function apply(view: Map<string, Uint8Array>, operations: readonly StoreOperation[]): void {
  for (const { key, value } of operations) {
    if (value === undefined) view.delete(key);
    else view.set(key, value.slice());
  }
}
