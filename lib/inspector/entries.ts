/**
 * The lines of a recording, which are also what a page is sent: one JSON object each, `kind`
 * first and `at` second, so that a reader can sort lines without parsing them all. Ids (`node`,
 * `actor`, `machine`) are unique in a recording and mean nothing else. Payload bytes are left out
 * unless they were asked for; how values that JSON does not know are written is in `json.ts`.
 */
import type { MessageKind, Method, Position } from '../../machines/protocol.js';
import type { ChangeStage, NodeReport } from '../service/inspection.js';
import type { Trouble } from '../service/status.js';
import type { SlaveProgress } from '../service/task.js';
import type { Chart } from './chart/read-chart.js';

export const RECORDING_FORMAT = 1;

/** A state value of XState: a word, or words by region. */
export type StateValue = string | { readonly [region: string]: StateValue };

/** The first line of every file. */
export interface HeaderEntry {
  readonly kind: 'replichart-recording';
  readonly at: number;
  readonly format: typeof RECORDING_FORMAT;
  readonly package: string;
  /** True when payloads are in the lines. */
  readonly payloads: boolean;
}

interface Stamp {
  /** Milliseconds since 1970 by the clock of the process that saw it, with fractions. */
  readonly at: number;
}

export interface NodeEntry extends Stamp {
  readonly kind: 'node';
  readonly node: string;
  /** `actor`: some other XState system that the host inspects. */
  readonly role: 'master' | 'slave' | 'actor';
  readonly item: string;
  readonly id: string;
  readonly incarnation: string;
  readonly process: { readonly pid: number; readonly host: string };
}

export interface NodeEndEntry extends Stamp {
  readonly kind: 'node-end';
  readonly node: string;
}

/** Each time something in it changed, and at least once per heartbeat while it runs. */
export interface ReportEntry extends Stamp {
  readonly kind: 'report';
  readonly node: string;
  readonly report: NodeReport;
}

/** Once per machine definition. */
export interface MachineEntry extends Stamp {
  readonly kind: 'machine';
  readonly machine: string;
  readonly chart: Chart;
}

export interface ActorEntry extends Stamp {
  readonly kind: 'actor';
  readonly node: string;
  readonly actor: string;
  /** For people: `master`, `slave`, `session of s1`, or XState's id of another actor. */
  readonly name: string;
  /** Null for logic that is no machine. */
  readonly machine: string | null;
  readonly parent: string | null;
  /** Where it stood when it was first seen. */
  readonly value: StateValue | null;
  readonly context: unknown;
}

export interface ActorEndEntry extends Stamp {
  readonly kind: 'actor-end';
  readonly actor: string;
}

/** One event and all that followed from it in that actor, up to its next stable state. */
export interface StepEntry extends Stamp {
  readonly kind: 'step';
  readonly actor: string;
  /** With everything that the machine may have looked at. */
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  /** The actor that sent it, where it was one. */
  readonly from?: string;
  /** Ids of the transitions taken, in order (see `transitionIds`); none: it was ignored. */
  readonly taken: readonly string[];
  /** Left out when it did not change. */
  readonly value?: StateValue;
  /**
   * What changed in the context: paths of at most two keys (`facts.position`) with their new
   * values; `undefined` stands for a key that is gone. Left out when nothing did.
   */
  readonly changed?: Readonly<Record<string, unknown>>;
}

export interface MessageEntry extends Stamp {
  readonly kind: 'message';
  readonly node: string;
  readonly fate: 'sent' | 'received' | 'ignored';
  readonly peers: readonly string[];
  readonly name: MessageKind;
  /** The message with its envelope. */
  readonly message: unknown;
  readonly bytes: number;
  readonly reason?: string;
}

export interface ChangeEntry extends Stamp {
  readonly kind: 'change';
  readonly node: string;
  readonly change: string;
  readonly method: Method;
  readonly stage: ChangeStage;
  readonly to: Position;
  readonly updates: number;
  readonly bytes: number;
  readonly slaves: Readonly<Record<string, SlaveProgress>>;
  readonly problem: { readonly code: string; readonly reason: string } | null;
}

export interface TroubleEntry extends Stamp {
  readonly kind: 'trouble';
  readonly node: string;
  readonly trouble: Trouble;
}

/**
 * Entries that were left out here, so that watching stays cheap: states after it are right, what
 * led to them is not shown. Never within a recording that can be fed to the machines again.
 */
export interface GapEntry extends Stamp {
  readonly kind: 'gap';
  /** Empty where it stands for all nodes: a reader skipped whatever happened meanwhile. */
  readonly node: string;
  readonly count: number;
  /** Stages of changes that are among them, so that their numbers stay right. */
  readonly changes?: Readonly<Record<string, number>>;
  /**
   * `rate`: more happened than is shown. `buffer`: older entries made room. `nodes`: so many nodes
   * made room for others, those first that had been silent longest.
   */
  readonly reason: 'rate' | 'buffer' | 'nodes';
}

/**
 * Everything that is known at this moment, as entries that alone would lead here: nodes, reports,
 * machines, actors with their whole context, open changes. A reader may begin at any of them.
 */
export interface KeyframeEntry extends Stamp {
  readonly kind: 'keyframe';
  readonly entries: readonly Entry[];
}

export type Entry =
  | NodeEntry
  | NodeEndEntry
  | ReportEntry
  | MachineEntry
  | ActorEntry
  | ActorEndEntry
  | StepEntry
  | MessageEntry
  | ChangeEntry
  | TroubleEntry
  | GapEntry
  | KeyframeEntry;

export type Line = HeaderEntry | Entry;
