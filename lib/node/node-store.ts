/** What a node does with its store while neither its master nor its slave has it open. */
import type { Conflict } from '../../machines/node-context.js';
import type { Position } from '../../machines/protocol.js';
import type { Succession } from '../../machines/succession.js';
import { ReplicationError } from '../errors.js';
import type { LayerDefinition } from '../layers/contract.js';
import { SLAVE_RECORDS } from '../service/slave-records.js';
import type { ItemStorage, StoreDefinition, StoreOperation } from '../stores/contract.js';
import { openItemStorage } from '../stores/open-item-storage.js';
import {
  copyChanges,
  decidedIn,
  isOriginal,
  originalChanges,
  reignedIn,
  termIn,
} from './role-records.js';

/** What a node knows of itself from its records. */
export interface NodeFacts {
  readonly position: Position | null;
  readonly term: number;
  readonly reigned: ReturnType<typeof reignedIn>;
  /** The round it decided as master, and did not make. */
  readonly decided: string | null;
}

async function* asOperations(storage: ItemStorage): AsyncGenerator<readonly StoreOperation[]> {
  for await (const entries of storage.data()) yield entries.map(([key, value]) => ({ key, value }));
}

async function* nothing(): AsyncGenerator<readonly StoreOperation[]> {}

/** The list of what was set aside has a part of its own: the node's own part is mostly in use. */
const LIST = 'list';

export class NodeStore {
  readonly definition: StoreDefinition;
  readonly #store: StoreDefinition;
  readonly #item: string;

  constructor(store: StoreDefinition, item: string) {
    this.#store = store;
    this.#item = item;
    const { durable, location } = store;
    this.definition = { durable, location, part: 'node', open: () => store.open() };
  }

  /** Whatever it was before, it is a copy after this. */
  makeCopy(): Promise<NodeFacts> {
    return this.#withNode(async (storage) => {
      const records = storage.records();
      if (!isOriginal(records)) return;
      await storage.write({ records: copyChanges(records, !this.#store.durable) }, { sync: true });
    });
  }

  /** A copy becomes the original that a master can start on. */
  makeOriginal(
    fate: Parameters<typeof originalChanges>[1],
    round: Parameters<typeof originalChanges>[2],
    successions: readonly Succession[],
  ): Promise<NodeFacts> {
    return this.#withNode(async (storage) => {
      const changes = originalChanges(storage.records(), fate, round, successions);
      await storage.write({ records: changes }, { sync: true });
    });
  }

  /**
   * Keeps the whole copy beside the node's own part, and drops the promise it may hold: the round
   * belongs to what is set aside. Set aside once, whatever crash follows.
   */
  async setAside(conflict: Omit<Conflict, 'id' | 'position'>): Promise<Conflict> {
    let kept: Conflict | undefined;
    await this.#withNode(async (storage) => {
      const position = storage.records().get(SLAVE_RECORDS.position) as Position;
      const { epoch, version, digest } = position;
      const id = `${epoch.term}.${version}.${digest.slice(0, 8)}`;
      kept = { id, position, ...conflict };
      const list = await this.conflicts();
      if (!list.some((known) => known.id === id)) {
        await this.#copyAside(storage, kept);
        await this.#saveList([...list, kept]);
      }
      await storage.write({ records: { [SLAVE_RECORDS.promise]: undefined } }, { sync: true });
    });
    return kept as Conflict;
  }

  async conflicts(): Promise<readonly Conflict[]> {
    return this.#with('conflict', LIST, async (storage) => {
      return (storage.records().get(LIST) as readonly Conflict[] | undefined) ?? [];
    });
  }

  /** The data as it stood, in a user layer of its own, for reading. */
  async conflictData<Data>(id: string, layer: LayerDefinition<unknown, Data>): Promise<Data> {
    await this.#known(id);
    return this.#with('conflict', this.#partOf(id), async (storage) => {
      const copy = layer.createSlaveLayer();
      const position = storage.records().get(SLAVE_RECORDS.position) as Position | undefined;
      await copy.open?.({ position: position ?? null, entries: () => storage.data() });
      return copy;
    });
  }

  async discardConflict(id: string): Promise<void> {
    const list = await this.#known(id);
    await this.#saveList(list.filter((conflict) => conflict.id !== id));
    await this.#with('conflict', this.#partOf(id), (storage) =>
      storage.replace(nothing(), () => ({ records: { [SLAVE_RECORDS.position]: undefined } })),
    );
  }

  async #known(id: string): Promise<readonly Conflict[]> {
    const list = await this.conflicts();
    if (list.some((conflict) => conflict.id === id)) return list;
    const ids = list.map((conflict) => conflict.id).join(', ') || 'none';
    const message = `no conflict "${id}" of "${this.#item}" is kept here; kept are: ${ids}`;
    throw new ReplicationError('INVALID_OPTION', message);
  }

  #saveList(list: readonly Conflict[]): Promise<void> {
    return this.#with('conflict', LIST, (storage) =>
      storage.write({ records: { [LIST]: list } }, { sync: true }),
    );
  }

  #copyAside(from: ItemStorage, { id, position }: Conflict): Promise<void> {
    return this.#with('conflict', this.#partOf(id), (storage) =>
      storage.replace(asOperations(from), () => ({
        records: { [SLAVE_RECORDS.position]: position },
      })),
    );
  }

  #partOf(id: string): string {
    return `at/${id}`;
  }

  async #withNode(act: (storage: ItemStorage) => Promise<void>): Promise<NodeFacts> {
    return this.#with('node', null, async (storage) => {
      await act(storage);
      const records = storage.records();
      return {
        position: (records.get(SLAVE_RECORDS.position) as Position | undefined) ?? null,
        term: termIn(records),
        reigned: reignedIn(records),
        decided: decidedIn(records),
      };
    });
  }

  async #with<T>(
    role: 'node' | 'conflict',
    part: string | null,
    act: (storage: ItemStorage) => Promise<T>,
  ): Promise<T> {
    const item = part === null ? this.#item : `${part}/${this.#item}`;
    const storage = await openItemStorage(await this.#store.open(), { item, role });
    try {
      return await act(storage);
    } finally {
      await storage.close();
    }
  }
}
