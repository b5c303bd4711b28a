/** Metrics, traces and logs of masters and slaves, from what `inspect` is told. */
import { diag, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import { ReplicationError, reasonOf } from '../errors.js';
import type {
  InspectedNode,
  MessageMoved,
  ReplicationInspectionEvent,
} from '../service/inspection.js';
import { type Logger, logEvent } from './event-log.js';
import { watchGauges } from './gauges.js';
import { codeAttribute, Instruments, nodeAttributes } from './instruments.js';
import { MasterChanges } from './master-changes.js';
import type { Sinks } from './sinks.js';
import { SlaveChanges } from './slave-changes.js';
import { wallClock } from './wall-clock.js';

const SCOPE = 'replichart';
const SLAVES_MAX = 100;
const SLAVES_CEILING = 100_000;

export interface TelemetryOptions {
  /** @default the global one; without one registered no span is made */
  readonly tracerProvider?: TracerProvider;
  /** @default the global one; without one registered nothing is measured */
  readonly meterProvider?: MeterProvider;
  /** @default nothing is logged */
  readonly logger?: Logger;
  /**
   * Slaves of one master with a series of their own in `replichart.lag`; one keeps it while its
   * master knows it. `replichart.lag.max` and `replichart.slaves` cover all slaves.
   * @default 100
   */
  readonly slavesMax?: number;
}

export interface Telemetry {
  /** For the option `inspect` of any number of masters and slaves. Never throws. */
  readonly inspect: (event: unknown) => void;
  /** Ends open spans, stops measuring, ignores later events. The providers stay the host's. */
  close(): void;
}

type NodeChanges =
  | { readonly role: 'master'; readonly changes: MasterChanges }
  | { readonly role: 'slave'; readonly changes: SlaveChanges };

const OPTIONS = new Set(['tracerProvider', 'meterProvider', 'logger', 'slavesMax']);

function checked(options: TelemetryOptions): number {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) {
    throw new ReplicationError('INVALID_OPTION', `createTelemetry knows no option "${unknown}"`);
  }
  const { slavesMax = SLAVES_MAX } = options;
  if (Number.isInteger(slavesMax) && slavesMax >= 0 && slavesMax <= SLAVES_CEILING) {
    return slavesMax;
  }
  const message = `slavesMax is a whole number from 0 to ${SLAVES_CEILING}, not ${slavesMax}`;
  throw new ReplicationError('INVALID_OPTION', message);
}

/** What an event of XState may carry that telemetry looks at. */
interface SnapshotTold {
  readonly type: '@xstate.snapshot';
  readonly node: InspectedNode;
  readonly snapshot?: { readonly context?: { readonly facts?: { readonly position?: unknown } } };
}

const isOurs = (event: unknown): event is ReplicationInspectionEvent | SnapshotTold =>
  typeof event === 'object' &&
  event !== null &&
  'type' in event &&
  'node' in event &&
  typeof event.type === 'string' &&
  (event.type.startsWith('@replichart.') || event.type === '@xstate.snapshot');

class RunningTelemetry implements Telemetry {
  readonly #sinks: Sinks;
  readonly #logger: Logger | undefined;
  readonly #nodes = new Map<InspectedNode, NodeChanges>();
  readonly #unwatch: () => void;
  #isClosed = false;
  #hasFailed = false;

  constructor(options: TelemetryOptions) {
    const slavesMax = checked(options);
    const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE);
    const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE);
    const instruments = new Instruments(meter);
    this.#sinks = { tracer, instruments, nowMs: wallClock() };
    this.#logger = options.logger;
    const nodes = () => this.#nodes.keys();
    const failed = (error: unknown) => this.#failed(error);
    this.#unwatch = watchGauges({ meter, instruments, nodes, slavesMax, failed });
  }

  readonly inspect = (event: unknown): void => {
    if (this.#isClosed || !isOurs(event)) return;
    try {
      if (event.type === '@xstate.snapshot') this.#moved(event);
      else this.#take(event);
    } catch (error) {
      this.#failed(error);
    }
  };

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unwatch();
    for (const { changes } of this.#nodes.values()) changes.close();
    this.#nodes.clear();
  }

  #take(event: ReplicationInspectionEvent): void {
    const { node } = event;
    const known = this.#nodes.get(node) ?? this.#begin(node);
    if (event.type === '@replichart.change' && known.role === 'master') known.changes.take(event);
    if (event.type === '@replichart.message') {
      this.#count(event);
      known.changes.message(event);
    }
    if (event.type === '@replichart.trouble') {
      const attributes = { ...nodeAttributes(node), ...codeAttribute(event.trouble.code) };
      this.#sinks.instruments.count('replichart.troubles', 1, attributes);
    }
    if (event.type === '@replichart.stopped') {
      known.changes.close();
      this.#nodes.delete(node);
    }
    // Last: a logger that throws costs its own line only.
    if (this.#logger !== undefined) logEvent(this.#logger, event);
  }

  #begin(node: InspectedNode): NodeChanges {
    const { role } = node;
    const begun: NodeChanges =
      role === 'master'
        ? { role, changes: new MasterChanges(node, this.#sinks) }
        : { role, changes: new SlaveChanges(node, this.#sinks) };
    this.#nodes.set(node, begun);
    return begun;
  }

  /** The machine's own facts say when the copy moved, to the step. */
  #moved({ node, snapshot }: SnapshotTold): void {
    const position = snapshot?.context?.facts?.position;
    const known = this.#nodes.get(node);
    if (position === undefined || known?.role !== 'slave') return;
    known.changes.moved(position as Parameters<SlaveChanges['moved']>[0]);
  }

  #count({ node, fate, message, bytes, peers }: MessageMoved): void {
    const { instruments } = this.#sinks;
    const kind = { ...nodeAttributes(node), 'replichart.message.kind': message.kind };
    const count = fate === 'sent' ? peers.length : 1;
    const fates = { ...kind, 'replichart.message.fate': fate };
    instruments.count('replichart.messages', count, fates);
    const direction = { 'network.io.direction': fate === 'sent' ? 'transmit' : 'receive' };
    instruments.count('replichart.network.io', bytes * count, { ...kind, ...direction });
  }

  /** Once: what fails for one event fails for the next one, too. */
  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    diag.error(`replichart telemetry failed, and goes on: ${reasonOf(error)}`);
  }
}

/**
 * Metrics, traces and logs by OpenTelemetry's API, which must be installed, and a logger of the
 * host's choice; docs/observability.md lists them. Give `inspect` to `createMaster` and
 * `createSlave`.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  return new RunningTelemetry(options);
}
