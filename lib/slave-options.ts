/** The options of a slave, with their defaults and units. */
import type { LayerDefinition, SlaveUserLayer } from './layers/contract.js';
import type { Clock } from './runtime/clock.js';
import type { IdSource } from './runtime/ids.js';
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
  /**
   * Milliseconds of silence after which the master counts as lost; never less than three of its
   * heartbeats. @default 3000
   */
  readonly silence?: number;
  /**
   * Milliseconds the user layer may take to answer a prepare before it counts as no. @default
   * 10_000
   */
  readonly prepareTimeout?: number;
  /** Milliseconds before a quarantined copy is tried again, doubled per failure. @default 1000 */
  readonly retry?: number;
  /** Milliseconds up to which requests are spread, against storms (P18). @default 50 */
  readonly jitter?: number;
  readonly inspect?: (event: unknown) => void;
  readonly clock?: Clock;
  /** Where its incarnations get their ids, for tests. @default nanoid */
  readonly ids?: IdSource;
}
