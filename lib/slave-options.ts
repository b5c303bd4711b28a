/** The options of a slave, with their defaults and units. */
import type { LayerDefinition, SlaveUserLayer } from './layers/contract.js';
import type { Clock } from './runtime/clock.js';
import type { IdSource } from './runtime/ids.js';
import type { InspectOption } from './service/inspection.js';
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
  /**
   * Told everything that happens in the protocol, while it happens: a function, or a list of them.
   * Two kinds of events, told apart by `type`: XState's own inspection events of every actor
   * (`@xstate.event`, `@xstate.microstep`, `@xstate.snapshot`, ...), and those of
   * `ReplicationInspectionEvent`: `@replichart.started`, `.message` (sent, received, or ignored
   * and why), `.trouble`, `.stopped`.
   * All of one run carry it as `node`, which gives a report when asked. What is told is shared:
   * never change it. One that throws is not called any more, which is told as trouble; the others
   * go on. @default none, and nothing is made for it
   */
  readonly inspect?: InspectOption;
  /**
   * The link that an inspector elsewhere printed, `http://HOST:PORT/#token=TOKEN`: what happens
   * here is sent there (with `fetch`, so an inspector of another origin is out of reach of a page).
   * The protocol never waits for it: while the inspector is away some megabytes of lines are kept,
   * and older ones give way to a gap. A token that is refused is told as trouble `UNAUTHORIZED`,
   * once, and the inspector is not asked again. `stop` sends what is left, for about a second at
   * the most. @default none, and nothing is loaded for it
   */
  readonly inspector?: string;
  readonly clock?: Clock;
  /** Where its incarnations get their ids, for tests. @default nanoid */
  readonly ids?: IdSource;
}
