/**
 * What the `inspect` option is told beside XState's own inspection events: who runs, what crossed
 * the wire, and how far each change came. The types begin with `@replichart.`, so an inspector
 * that knows XState's events only passes over them. Nothing here is made unless `inspect` is set.
 */
import type { Enveloped, Message, Method, Position } from '../../machines/protocol.js';
import type {
  BelowStatus,
  MasterStatus,
  SlaveInfo,
  SlaveStatus,
  TransferProgress,
  Trouble,
} from './status.js';
import type { SlaveProgress } from './task.js';

/** Gets every event; one that throws or rejects is not called any more, and told as trouble. */
export interface Inspect {
  (event: unknown): void;
  /**
   * Asked before a step of an actor or a message of this run is told. True: it is not made for
   * this inspector, which takes note that something is missing; it still hears of runs, changes,
   * troubles and ends. Making what nobody shows costs as much as showing it does.
   */
  readonly leavesOut?: (node: InspectedNode) => boolean;
}

/** What the `inspect` option takes. */
export type InspectOption = Inspect | readonly Inspect[];

/** A master's own view of itself and of its slaves, at the moment it is asked. */
export interface MasterReport {
  readonly role: 'master';
  readonly status: MasterStatus;
  readonly slaves: readonly SlaveInfo[];
  /** With relays below: all nodes of the tree, as `master.below()` tells of them. */
  readonly below?: BelowStatus;
}

/** A slave's own view of itself, at the moment it is asked. */
export interface SlaveReport {
  readonly role: 'slave';
  readonly status: SlaveStatus;
  readonly position: Position | null;
  /** Milliseconds since its master was heard; null when it never was. */
  readonly age: number | null;
  /** Of the transfer under way. */
  readonly transfer: TransferProgress | null;
  /** Of a relay: the slaves below it, as it sees them. */
  readonly slaves?: readonly SlaveInfo[];
  /** Of a relay above other relays: all nodes below it. */
  readonly below?: BelowStatus;
}

export type NodeReport = MasterReport | SlaveReport;

/**
 * One run of a master or a slave, from start to stop. The same object is in every inspection
 * event of that run, XState's included, as its `node`.
 */
export interface InspectedNode {
  readonly role: 'master' | 'slave';
  readonly item: string;
  readonly id: string;
  /** Tells this run from an earlier one of the same id. */
  readonly incarnation: string;
  /** Cheap enough to be asked several times per second. */
  readonly report: () => NodeReport;
}

interface OfNode {
  readonly node: InspectedNode;
}

/** A run began; its actors' events follow. */
export interface NodeStarted extends OfNode {
  readonly type: '@replichart.started';
}

/** A run is over: nothing follows from it. */
export interface NodeStopped extends OfNode {
  readonly type: '@replichart.stopped';
}

/**
 * A message left, or arrived. `sent`: given to the transport for these peers. `received`: handed
 * to the protocol. `ignored`: it arrived and was dropped, `reason` says why.
 */
export interface MessageMoved extends OfNode {
  readonly type: '@replichart.message';
  readonly fate: 'sent' | 'received' | 'ignored';
  /** As the transport names them; at least one. */
  readonly peers: readonly string[];
  /** With the envelope it travels in. Its payloads are shared: never change them. */
  readonly message: Enveloped<Message>;
  /** Of the whole frame. */
  readonly bytes: number;
  readonly reason?: string;
}

/** How far a change (one group: one version, made of one or more updates) came on the master. */
export type ChangeStage = 'begun' | 'decided' | 'committed' | 'applied' | 'aborted' | 'failed';

export interface ChangeMoved extends OfNode {
  readonly type: '@replichart.change';
  /** The id of the group, which is the round id of a two-phase one. */
  readonly change: string;
  readonly method: Method;
  readonly stage: ChangeStage;
  /** The version it makes. */
  readonly to: Position;
  /** Updates of callers in it. */
  readonly updates: number;
  /** Bytes of its delta. */
  readonly bytes: number;
  /** Who takes part and how far each came, with the reasons of vetoes; empty for one-phase. */
  readonly slaves: Readonly<Record<string, SlaveProgress>>;
  /** Why it was aborted or failed. */
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

/** The same as the `trouble` event of the host. */
export interface TroubleTold extends OfNode {
  readonly type: '@replichart.trouble';
  readonly trouble: Trouble;
}

export type ReplicationInspectionEvent =
  | NodeStarted
  | NodeStopped
  | MessageMoved
  | ChangeMoved
  | TroubleTold;
