/** `createMaster`: the owner of one item's original (design section 7). */
import type { Position } from '../machines/protocol.js';
import type { LayerDefinition, MasterUserLayer } from './layers/contract.js';
import type { MasterEvents, MasterStatus, SlaveInfo } from './service/status.js';
import type { Clock } from './runtime/clock.js';
import type { StoreDefinition } from './stores/contract.js';
import type { MasterTransport } from './transports/contract.js';

/** Whose yes a two-phase change needs; the set is fixed when its round begins (P14). */
export type Participants =
  | 'connected'
  | 'known'
  | readonly string[]
  | ((slave: SlaveInfo) => boolean)
  | { readonly quorum: number };

/** Takes the `k` slaves that are furthest; fewer than `k` reachable ones fail the change. */
export function quorum(k: number): { readonly quorum: number } {
  return { quorum: k };
}

export interface MasterOptions<Data> {
  /** Name of the replicated data set; slaves name the same. */
  readonly item: string;
  readonly data: LayerDefinition<Data, unknown> | (MasterUserLayer & Data);
  readonly transport: MasterTransport;
  /** @default none: the lineage is volatile and ends with the process (P19) */
  readonly store?: StoreDefinition;
  /** Name in messages and logs. @default `master` */
  readonly id?: string;
  /** Milliseconds between heartbeats. @default 1000 */
  readonly heartbeat?: number;
  /** Milliseconds until a round that lacks votes is aborted. @default 2000 */
  readonly voteTimeout?: number;
  /** @default 'connected' */
  readonly participants?: Participants;
  /** Versions a slave may be behind and still be asked to vote. @default 1000 */
  readonly maxLag?: number;
  /** Fewer participants than this abort a two-phase change at once. @default 0 */
  readonly atLeast?: number;
  /** What an unreachable participant of a list or of `known` means (P14). @default 'abort' */
  readonly unreachable?: 'abort' | 'defer' | { readonly exclude: number };
  /** Changes that may wait; more fail with `OVERLOADED`. @default 100_000 */
  readonly queueMax?: number;
  /** Versions whose digests are kept, so that slaves this far behind get a delta. @default 100_000 */
  readonly history?: number;
  /** Raises the term: this master takes over from one that may still live (P16, P22). */
  readonly takeover?: boolean;
  /** Receives XState inspection events of the protocol's actors; may throw without harm. */
  readonly inspect?: (event: unknown) => void;
  /** Time source, for tests. @default the machine's monotonic clock */
  readonly clock?: Clock;
}

/** A running or stopped master. All waits take an AbortSignal and fail with coded errors. */
export interface Master<Data> extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  readonly data: Data;
  readonly position: Position | null;
  readonly status: MasterStatus;
  /** Resolves once it announces. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Ends the open round, flushes, closes transport share and store. */
  stop(): Promise<void>;
  /** Every slave that was seen and not forgotten; furthest behind first. */
  slaves(): readonly SlaveInfo[];
  /** Resolves with their ids once every live slave confirmed `version` or a later one. */
  slavesAt(
    version: number,
    options?: { readonly timeout?: number; readonly signal?: AbortSignal },
  ): Promise<readonly string[]>;
  /** Drops a slave that will not come back: nobody waits for it any more (P20). */
  forget(id: string): boolean;
  /**
   * The host's choice when slaves are `regressed`, ahead of a restored or emptied original (P16):
   * `new-lineage` gives the original as it is a new identity, which slaves take by order
   * (`slave.adoptLineage`); `adopt-from-slave` takes over the content of the slave furthest ahead.
   */
  resolveRegressed(choice: 'adopt-from-slave' | 'new-lineage'): Promise<void>;
  on<K extends keyof MasterEvents>(event: K, listener: (value: MasterEvents[K]) => void): () => void;
}
