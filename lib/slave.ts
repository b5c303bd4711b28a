/** `createSlave`: the owner of one item's copy (design section 7). */
import type { Position } from '../machines/protocol.js';
import type { LayerDefinition, SlaveUserLayer } from './layers/contract.js';
import type { Clock } from './runtime/clock.js';
import type { SlaveEvents, SlaveStatus } from './service/status.js';
import type { StoreDefinition } from './stores/contract.js';
import type { SlaveTransport } from './transports/contract.js';

export interface SlaveOptions<Data> {
  readonly item: string;
  readonly data: LayerDefinition<unknown, Data> | (SlaveUserLayer & Data);
  readonly transport: SlaveTransport;
  /** @default none: the copy ends with the process */
  readonly store?: StoreDefinition;
  /** Unique among the item's slaves, the same after a restart. @default a fresh nanoid */
  readonly id?: string;
  /** Milliseconds of silence after which the master counts as lost. @default 3 heartbeats */
  readonly silence?: number;
  /** Milliseconds the user layer may take to answer a prepare before it counts as no. @default 10_000 */
  readonly prepareTimeout?: number;
  /** Milliseconds before a quarantined copy is tried again, doubled per failure. @default 1000 */
  readonly retry?: number;
  /** Milliseconds up to which requests are spread, against storms (P18). @default 50 */
  readonly jitter?: number;
  readonly inspect?: (event: unknown) => void;
  readonly clock?: Clock;
}

/** A running or stopped slave. Its data can be read in any state. */
export interface Slave<Data> extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  readonly data: Data;
  readonly position: Position | null;
  readonly status: SlaveStatus;
  /** Milliseconds since the master was heard; Infinity before the first word. */
  readonly age: number;
  /** Resolves once the cached copy is served; does not wait for a master. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once it is at what a live master last announced. */
  current(options?: { readonly timeout?: number; readonly signal?: AbortSignal }): Promise<Position>;
  /** Resolves once the copy is at `version` or later. */
  waitFor(
    version: number,
    options?: { readonly timeout?: number; readonly signal?: AbortSignal },
  ): Promise<Position>;
  /** Throws the copy away for a whole state of the master's, whatever it says (P22). */
  resync(): void;
  /** Moves to another lineage at the next contact (P22). */
  adoptLineage(lineage: string): void;
  /** Forces the outcome of the round it is in doubt about; reported as heuristic (P22). */
  resolve(round: string, outcome: 'committed' | 'aborted'): boolean;
  on<K extends keyof SlaveEvents>(event: K, listener: (value: SlaveEvents[K]) => void): () => void;
}
