/** What the collector is told and what it gives. */
import type { Clock } from '../../runtime/clock.js';
import type { Inspect } from '../../service/inspection.js';
import type { EntrySink } from '../feed.js';

export interface CollectorOptions {
  /** Gets entries in the order in which they happened, at once. */
  readonly sink: EntrySink;
  /** Keeps the bytes of payloads, too. @default false */
  readonly payloads?: boolean;
  /**
   * Steps and messages per second that are shown of all nodes together, for long. Of more a part
   * is left out, which a `gap` says; so it is, above a hundred per second, when showing them takes
   * a hundredth of the time. @default 4000
   */
  readonly rateMax?: number;
  /** Milliseconds between two reports of a node that changes all the time. @default 100 */
  readonly reportMs?: number;
  /** Told on every node. @default the pid of this process, and `localhost` */
  readonly process?: { readonly pid: number; readonly host: string };
  /** Time of entries and of reports, for tests. @default the machine's monotonic clock */
  readonly clock?: Clock;
  /** Milliseconds since 1970 when the clock was at 0. @default that of the machine's clock */
  readonly epochMs?: number;
  /** Before every id it gives, so that several collectors can tell one feed. @default random */
  readonly prefix?: string;
}

/** Turns what XState and this package tell inspectors into entries. */
export interface Collector {
  /** For the `inspect` option of masters, slaves, and any XState actor; never throws. */
  readonly inspect: Inspect;
  /**
   * Leaves nothing out until the returned function is called: for a recording that is fed to the
   * machines again.
   */
  readonly wholly: () => () => void;
  /** Ends its timers; what it is told afterwards is passed over. */
  readonly close: () => void;
}
