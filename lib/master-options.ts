/** The options of a master, with their defaults and units. */
import type { LayerDefinition, MasterUserLayer } from './layers/contract.js';
import type { Clock } from './runtime/clock.js';
import type { IdSource } from './runtime/ids.js';
import type { InspectOption } from './service/inspection.js';
import type { SlaveInfo } from './service/status.js';
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
  /**
   * Versions whose digests are kept, so that slaves this far behind get a delta. @default 10_000
   */
  readonly history?: number;
  /** Raises the term: this master takes over from one that may still live (P16, P22). */
  readonly takeover?: boolean;
  /**
   * With `takeover`: the term to take, above every one this store has seen. For a succession that
   * makes sure of two things (`createNode` does): nobody else has this number, and every round of
   * earlier terms is settled, so that what is not in this original is nowhere. @default one above
   */
  readonly term?: number;
  /**
   * Told everything that happens in the protocol, while it happens: a function, or a list of them.
   * Two kinds of events, told apart by `type`: XState's own inspection events of every actor
   * (`@xstate.event`, `@xstate.microstep`, `@xstate.snapshot`, ...), and those of
   * `ReplicationInspectionEvent`: `@replichart.started`, `.message` (sent, received, or ignored
   * and why), `.change` (how far a change came, with votes and vetoes), `.trouble`, `.stopped`.
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
  /** Time source, for tests. @default the machine's monotonic clock */
  readonly clock?: Clock;
  /** Where lineages, incarnations and rounds get their ids, for tests. @default nanoid */
  readonly ids?: IdSource;
}
