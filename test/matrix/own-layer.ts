/** A host's own layer, as small as it gets: texts by key, all its deltas kept, no groups. */
import {
  type CommitContext,
  defineLayer,
  type LayerStorage,
  type MasterService,
  type MasterUserLayer,
  NEEDS_SNAPSHOT,
  type Position,
  type ReplicationTask,
  type SlaveUserLayer,
  type SnapshotContext,
  type SnapshotSource,
  type StoreOperation,
  type UpdateOptions,
} from '../../lib/index.js';
import type { Refusal } from './refusal.js';

type Entries = ReadonlyArray<readonly [key: string, value: string]>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CHUNK_BYTES = 200_000;

class Texts {
  readonly texts = new Map<string, string>();
  protected at: Position | null = null;

  get(key: string): string | undefined {
    return this.texts.get(key);
  }

  position(): Position | null {
    return this.at;
  }

  async open(storage: LayerStorage | null): Promise<void> {
    if (storage === null || storage.position === null) return;
    for await (const part of storage.entries()) {
      for (const [key, value] of part) this.texts.set(key, decoder.decode(value));
    }
    this.at = storage.position;
  }

  async commit(delta: Entries, next: Position, context: CommitContext): Promise<void> {
    const held = this.at;
    if (held?.lineage === next.lineage && held.version >= next.version) return;
    await context.write(operationsOf(delta));
    for (const [key, value] of delta) this.texts.set(key, value);
    this.at = next;
  }
}

function operationsOf(entries: Entries): StoreOperation[] {
  return entries.map(([key, value]) => ({ key, value: encoder.encode(value) }));
}

class OwnMaster extends Texts implements MasterUserLayer<Entries> {
  readonly #deltas: Array<{ readonly version: number; readonly delta: Entries }> = [];
  #service: MasterService<Entries> | null = null;

  attach(service: MasterService<Entries>): void {
    this.#service = service;
    service.start([]);
  }

  set(key: string, value: string, options?: UpdateOptions): ReplicationTask {
    if (this.#service === null) throw new Error('no master was made of this layer');
    return this.#service.submit([[key, value]], options);
  }

  override async commit(delta: Entries, next: Position, context: CommitContext): Promise<void> {
    await super.commit(delta, next, context);
    this.#deltas.push({ version: next.version, delta });
  }

  /** What this process saw; a slave from before it gets everything. */
  createDelta(from: number, to: number): Entries | typeof NEEDS_SNAPSHOT {
    const first = this.#deltas[0]?.version ?? Number.POSITIVE_INFINITY;
    if (from < first || to !== this.at?.version) return NEEDS_SNAPSHOT;
    return this.#deltas.filter(({ version }) => version > from).flatMap(({ delta }) => delta);
  }

  createSnapshot(): SnapshotSource {
    if (this.at === null) throw new Error('there is no first version yet');
    const bytes = encoder.encode(JSON.stringify([...this.texts]));
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        yield bytes.slice(at, at + CHUNK_BYTES);
      }
    }
    return { position: this.at, chunks: chunks() };
  }

  rollback(): void {}
}

class OwnSlave extends Texts implements SlaveUserLayer<Entries> {
  readonly #refuse: Refusal;

  constructor(refuse: Refusal) {
    super();
    this.#refuse = refuse;
  }

  prepare(_round: string, delta: Entries): void {
    for (const [key, value] of delta) this.#refuse(key, value);
  }

  abort(): void {}

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const entries = JSON.parse(Buffer.concat(parts).toString()) as Entries;
    async function* batches(): AsyncGenerator<readonly StoreOperation[]> {
      yield operationsOf(entries);
    }
    await context.replace?.(batches());
    this.texts.clear();
    for (const [key, value] of entries) this.texts.set(key, value);
    this.at = next;
  }
}

/** @param refuse this slave's vote; a master's side has none */
export function ownLayer(refuse: Refusal = () => undefined) {
  return defineLayer({ master: () => new OwnMaster(), slave: () => new OwnSlave(refuse) });
}
