/** The options of a relay, with their defaults and units. */
import type { Participants } from '../master-options.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { InspectOption } from '../service/inspection.js';
import type { StoreDefinition } from '../stores/contract.js';
import type { MasterTransport, SlaveTransport } from '../transports/contract.js';

export interface RelayOptions {
  /** Name of the replicated data set, as master and slaves name it. */
  readonly item: string;
  /** To the master, or to another relay. */
  readonly upstream: SlaveTransport;
  /** Where the slaves of this relay connect, or further relays. */
  readonly downstream: MasterTransport;
  /** @default none: after a restart the relay gets one whole state from above */
  readonly store?: StoreDefinition;
  /** Unique among the item's slaves, the same after a restart. @default a fresh nanoid */
  readonly id?: string;
  /**
   * Milliseconds until a round that lacks votes below gets this relay's no, with the names of
   * those who are missing. Less than the `voteTimeout` above by a round trip and a disk write,
   * else the one above gives up first and names only this relay. @default 1500
   */
  readonly voteTimeout?: number;
  /** Whose yes the relay's yes needs (P14). @default 'connected' */
  readonly participants?: Participants;
  /** Versions a slave below may be behind and still be asked to vote. @default 1000 */
  readonly maxLag?: number;
  /** Fewer participants below than this, and the relay says no. @default 0 */
  readonly atLeast?: number;
  /** What an unreachable participant of a list or of `known` means (P14). @default 'abort' */
  readonly unreachable?: 'abort' | 'defer' | { readonly exclude: number };
  /**
   * Milliseconds of silence after which the one above counts as lost; never less than three of the
   * master's heartbeats. @default 3000
   */
  readonly silence?: number;
  /** Milliseconds before a refused or quarantined relay tries again. @default 1000 */
  readonly retry?: number;
  /** Milliseconds up to which requests are spread, against storms (P18). @default 50 */
  readonly jitter?: number;
  /**
   * Bytes of increments kept for slaves that are behind, or those of the whole state where it is
   * larger. @default 16 MiB
   */
  readonly logBytesMax?: number;
  /** Told everything that happens in the protocol, as `SlaveOptions.inspect`. @default none */
  readonly inspect?: InspectOption;
  /** The link of an inspector elsewhere, as `SlaveOptions.inspector`. @default none */
  readonly inspector?: string;
  readonly clock?: Clock;
  /** Where incarnations and builds get their ids, for tests. @default nanoid */
  readonly ids?: IdSource;
}
