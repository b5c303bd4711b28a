/**
 * Drives user layers as the service layers do, without any service: groups, rounds, catching up.
 */
import { platform } from '#platform';
import { Veto } from '../../lib/errors.js';
import {
  type LayerDefinition,
  type MasterService,
  type MasterUserLayer,
  NEEDS_SNAPSHOT,
  type SlaveUserLayer,
} from '../../lib/layers/contract.js';
import type { ReplicationTask, TaskResult } from '../../lib/service/task.js';
import type { Position } from '../../machines/protocol.js';
import { LayerStore, STORELESS, STORELESS_SNAPSHOT } from './layer-storage.js';

interface Queued {
  readonly change: unknown;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface Copy<Data> {
  layer: SlaveUserLayer & Data;
  readonly store: LayerStore | null;
  snapshots: number;
  deltaBytes: number;
}

export const LINEAGE = 'lineage';

function positionAfter(previous: Position | null, version: number, bytes: Uint8Array): Position {
  const digest = platform.digest(previous?.digest ?? '', String(version), bytes);
  return { lineage: LINEAGE, epoch: { term: 0, start: 1 }, version, digest };
}

export class LayerReplication<MasterData, SlaveData> {
  readonly copies: Array<Copy<SlaveData>> = [];
  readonly store: LayerStore | null;
  master!: MasterUserLayer & MasterData;
  #queue: Queued[] = [];
  #initial: unknown;
  #rounds = 0;
  readonly definition: LayerDefinition<MasterData, SlaveData>;

  constructor(definition: LayerDefinition<MasterData, SlaveData>, stored = false) {
    this.definition = definition;
    this.store = stored ? new LayerStore() : null;
  }

  /** Makes or restarts the master; an empty one is brought to its first version. */
  async start(): Promise<this> {
    this.master = this.definition.createMasterLayer();
    await this.master.open?.(this.store?.position ? this.store.storage() : this.#empty(this.store));
    this.master.attach(this.#service());
    if (this.master.position() === null) await this.#commitMaster(this.#initial);
    return this;
  }

  /** A store that is there but empty is told from no store at all. */
  #empty(store: LayerStore | null) {
    return store === null ? null : store.storage();
  }

  #service(): MasterService<unknown> {
    const submit = (change: unknown): ReplicationTask => {
      const task = new Promise<TaskResult>((resolve, reject) => {
        this.#queue.push({ change, resolve, reject });
      });
      task.catch(() => undefined);
      return task as unknown as ReplicationTask;
    };
    return {
      start: (initial) => {
        this.#initial = initial;
      },
      submit,
      announce: submit,
      propose: submit,
      rollback: () => false,
    };
  }

  get codec() {
    const { codec } = this.master;
    if (codec === undefined) throw new Error('the layer has no codec');
    return codec;
  }

  get position(): Position {
    const position = this.master.position();
    if (position === null) throw new Error('the master has no version');
    return position;
  }

  async addCopy(stored = false): Promise<Copy<SlaveData>> {
    const store = stored ? new LayerStore() : null;
    const copy = { layer: this.definition.createSlaveLayer(), store, snapshots: 0, deltaBytes: 0 };
    await copy.layer.open?.(this.#empty(store));
    this.copies.push(copy);
    return copy;
  }

  /** A new process over what the old one's store holds. */
  async restartCopy(copy: Copy<SlaveData>): Promise<void> {
    copy.layer = this.definition.createSlaveLayer();
    await copy.layer.open?.(this.#empty(copy.store));
  }

  async #commitMaster(delta: unknown): Promise<Position> {
    const previous = this.master.position();
    const bytes = this.codec.encode(delta);
    const next = positionAfter(previous, (previous?.version ?? 0) + 1, bytes);
    await this.master.commit(delta, next, this.store?.commit(next) ?? STORELESS);
    return next;
  }

  /**
   * Commits what was submitted since the last call as one group. `push` names the copies that get
   * the delta at once, in a two-phase round when `vote` is set; a veto aborts the round.
   */
  async flush(push: ReadonlyArray<Copy<SlaveData>> = [], vote = false): Promise<void> {
    const group = this.#queue;
    this.#queue = [];
    if (group.length === 0) return;
    if (this.master.build === undefined) throw new Error('the layer builds no groups');
    const built = await this.master.build(group.map(({ change }) => change));
    for (const { index, error } of built.rejected) group[index]?.reject(error);
    const previous = this.position;
    if (built.delta !== undefined) {
      this.#rounds += 1;
      const round = `round-${this.#rounds}`;
      const bytes = this.codec.encode(built.delta).slice();
      const next = positionAfter(previous, previous.version + 1, bytes);
      const abreast = push.filter((copy) => copy.layer.position()?.version === previous.version);
      if (vote) {
        const veto = await this.#vote(round, bytes, next, abreast);
        if (veto !== null) {
          for (const copy of abreast) await copy.layer.abort(round);
          await this.master.rollback(built.delta, 'veto');
          for (const { reject } of group) reject(veto);
          return;
        }
      }
      await this.#commitMaster(built.delta);
      for (const copy of abreast) await this.#commitCopy(copy, bytes, next);
    }
    const { version } = this.position;
    for (const { resolve } of group) resolve({ version, participants: [], unconfirmed: [] });
  }

  /** The delta of what was submitted, without committing it. */
  async buildNext(): Promise<unknown> {
    const group = this.#queue;
    this.#queue = [];
    const built = await this.master.build?.(group.map(({ change }) => change));
    return built?.delta;
  }

  async #vote(
    round: string,
    bytes: Uint8Array,
    next: Position,
    copies: ReadonlyArray<Copy<SlaveData>>,
  ): Promise<unknown> {
    for (const { layer } of copies) {
      try {
        await layer.prepare(round, this.codec.decode(bytes), next);
      } catch (error) {
        if (error instanceof Veto) return error;
        throw error;
      }
    }
    return null;
  }

  async #commitCopy(copy: Copy<SlaveData>, bytes: Uint8Array, next: Position): Promise<void> {
    copy.deltaBytes += bytes.length;
    const delta = this.codec.decode(bytes);
    await copy.layer.commit(delta, next, copy.store?.commit(next) ?? STORELESS);
  }

  /** Brings a copy to the original's version: by a delta where there is one, else by a snapshot. */
  async sync(copy: Copy<SlaveData>): Promise<'delta' | 'snapshot' | 'none'> {
    const from = copy.layer.position()?.version ?? 0;
    const next = this.position;
    if (from === next.version) return 'none';
    const delta = from === 0 ? NEEDS_SNAPSHOT : await this.master.createDelta(from, next.version);
    if (delta !== NEEDS_SNAPSHOT) {
      await this.#commitCopy(copy, this.codec.encode(delta).slice(), next);
      return 'delta';
    }
    const source = await this.master.createSnapshot();
    await this.install(copy, source.chunks, source.position);
    return 'snapshot';
  }

  async install(
    copy: Copy<SlaveData>,
    chunks: AsyncIterable<Uint8Array>,
    position: Position,
  ): Promise<void> {
    const context = copy.store?.snapshot(position) ?? STORELESS_SNAPSHOT;
    await copy.layer.installSnapshot(chunks, position, context);
    copy.snapshots += 1;
  }
}
