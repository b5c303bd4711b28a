/**
 * What the service layers ask of the user layers, the code that owns the data (design section 6).
 * Every result may be a promise; whatever a user layer throws is caught and becomes a veto or a
 * coded error. Calls for one item never overlap.
 */
import type { Durability, Method, Position } from '../../machines/protocol.js';
import type { ReplicationTask, UpdateOptions } from '../service/task.js';
import type { StoreOperation } from '../stores/contract.js';

/** Answer of `createDelta` when no increment between the two versions can be made (P3). */
export const NEEDS_SNAPSHOT: unique symbol = Symbol('replichart.needsSnapshot');

export type MaybePromise<T> = T | Promise<T>;

/** The data a layer kept beside the protocol records, and the position it belongs to. */
export interface LayerStorage {
  readonly position: Position | null;
  entries(): AsyncIterable<ReadonlyArray<readonly [key: string, value: Uint8Array]>>;
}

/** How far a commit has to reach, and the atomic write that carries the layer's own data. */
export interface CommitContext {
  readonly durability: Durability;
  /**
   * Writes `operations` together with the new position in one atomic batch (P4). A layer that
   * keeps its data in this store calls it exactly once and shows the new state only after it
   * resolved. A layer with a store of its own never calls it. Without a store it does nothing
   * and returns `undefined` at once, so that a synchronous layer stays synchronous.
   */
  write(operations: readonly StoreOperation[]): MaybePromise<void>;
}

/** As `CommitContext`, for a whole state that arrives in parts. */
export interface SnapshotContext {
  readonly durability: Durability;
  /** Replaces all of the layer's data and the position, all or nothing; undefined without store. */
  readonly replace?: (batches: AsyncIterable<readonly StoreOperation[]>) => Promise<void>;
}

/** A consistent view of the original at `position`; updates go on meanwhile. */
export interface SnapshotSource {
  readonly position: Position;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What `build` made of a group of changes. */
export interface BuiltGroup<Delta> {
  /** Absent when the surviving changes leave the original as it is. */
  readonly delta?: Delta;
  /** Changes that failed on their own, by their place in the group; the delta is without them. */
  readonly rejected: ReadonlyArray<{ readonly index: number; readonly error: unknown }>;
}

/** The calls a master user layer makes downwards (claims 1, 3, 5, 6, 36, 40). */
export interface MasterService<Delta, Change = Delta> {
  /**
   * Starts replication. `initial` brings an empty original to its first version; it is not used
   * when the store or `position()` already holds one.
   */
  start(initial: Delta): void;
  /** Replicates one change by the method of `options`, else by `methodFor`, else one-phase. */
  submit(change: Change, options?: UpdateOptions): ReplicationTask;
  /** Replicates one change asynchronously; slaves pull what they lack. */
  announce(change: Change, options?: UpdateOptions): ReplicationTask;
  /** Replicates one change on all participants or on none. */
  propose(change: Change, options?: UpdateOptions): ReplicationTask;
  /** Says that a change shall not be replicated (claim 5). False once it is decided. */
  rollback(taskId: string, reason: string): boolean;
}

/** Turns deltas into bytes and back. The default carries whatever superjson carries. */
export interface DeltaCodec<Delta> {
  encode(delta: Delta): Uint8Array;
  /** Must throw on bytes it did not make; the bytes may be kept. */
  decode(bytes: Uint8Array): Delta;
}

/** Owner of the original. */
export interface MasterUserLayer<Delta = unknown, Change = Delta> {
  /** Loads what an earlier process kept; called once, before `attach`. */
  open?(storage: LayerStorage | null): MaybePromise<void>;
  /** Hands over the service; the layer answers with `service.start(...)`. */
  attach(service: MasterService<Delta, Change>): void;
  /** Where the original stands; null before its first version. */
  position(): Position | null;
  /**
   * Makes one delta of a group of changes, from the original as it stands. Pure: called again
   * when a group is split or a member rolled back (P17). Without it a change is a delta and
   * groups have one member.
   */
  build?(changes: readonly Change[]): MaybePromise<BuiltGroup<Delta>>;
  /** The increment between two arbitrary versions at or below the original's (claims 8, 16). */
  createDelta(from: number, to: number): MaybePromise<Delta | typeof NEEDS_SNAPSHOT>;
  createSnapshot(): MaybePromise<SnapshotSource>;
  /** Makes the delta part of the original; idempotent by `next.version`. */
  commit(delta: Delta, next: Position, context: CommitContext): MaybePromise<void>;
  /** The delta will not be replicated; undo whatever was prepared for it. */
  rollback(delta: Delta, reason: string): MaybePromise<void>;
  /** The method by the type of delta; asked when the caller named none. */
  methodFor?(delta: Delta): Method;
  readonly codec?: DeltaCodec<Delta>;
  /** A hash of the content, equal on every copy at one version, whatever its history. */
  contentHash?(): string;
  close?(): MaybePromise<void>;
}

/** Owner of a copy. */
export interface SlaveUserLayer<Delta = unknown> {
  open?(storage: LayerStorage | null): MaybePromise<void>;
  /** Where the copy stands; null before the first one. */
  position(): Position | null;
  /** Can this delta be taken? Throw `Veto` for no. What readers see stays untouched (S9). */
  prepare(round: string, delta: Delta, next: Position): MaybePromise<void>;
  /** Takes the delta; may come without `prepare`; idempotent by `next.version`. */
  commit(delta: Delta, next: Position, context: CommitContext): MaybePromise<void>;
  /** Forgets what was prepared for this round. */
  abort(round: string): MaybePromise<void>;
  /** Replaces the copy, all or nothing; `chunks` throws when the transfer is given up. */
  installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): MaybePromise<void>;
  readonly codec?: DeltaCodec<Delta>;
  contentHash?(): string;
  close?(): MaybePromise<void>;
}

/**
 * A ready-made layer: makes a fresh user layer for either role, so one definition can serve
 * several masters and slaves.
 */
export interface LayerDefinition<MasterData, SlaveData> {
  createMasterLayer(): MasterUserLayer & MasterData;
  createSlaveLayer(): SlaveUserLayer & SlaveData;
}
