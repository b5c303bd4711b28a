/** Spans and durations of the changes of one master. */
import {
  type Attributes,
  type Context,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { ChangeMoved, InspectedNode, MessageMoved } from '../service/inspection.js';
import type { SlaveProgress } from '../service/task.js';
import { contextOf } from './change-trace.js';
import { codeAttribute, nodeAttributes } from './instruments.js';
import type { Sinks } from './sinks.js';

/** Changes whose confirmation is waited for at the most; the oldest one makes room. */
const OPEN_MAX = 256;
/** Slaves named in one span. */
const NAMED_MAX = 32;

interface OpenChange {
  readonly span: Span;
  readonly within: Context;
  readonly begunMs: number;
  readonly attributes: Attributes;
  lastVoteMs: number | null;
  decidedMs: number | null;
  committedMs: number | null;
}

const MS_PER_S = 1000;

export class MasterChanges {
  readonly #node: InspectedNode;
  readonly #sinks: Sinks;
  readonly #open = new Map<string, OpenChange>();

  constructor(node: InspectedNode, sinks: Sinks) {
    this.#node = node;
    this.#sinks = sinks;
  }

  take(event: ChangeMoved): void {
    const nowMs = this.#sinks.nowMs();
    const known = this.#open.get(event.change);
    // It made room after its commit: a span that began here would never end.
    if (known === undefined && event.stage === 'applied') return;
    const change = known ?? this.#begin(event, nowMs);
    if (event.stage === 'decided') this.#decided(event, change, nowMs);
    else if (event.stage === 'committed') this.#committed(event, change, nowMs);
    else if (event.stage === 'applied') this.#applied(event, change, nowMs);
    else if (event.stage !== 'begun') this.#failed(event, change, nowMs);
  }

  /** Votes part the time until the decision: waiting for them, and writing it. */
  message({ fate, message }: MessageMoved): void {
    if (fate !== 'received' || message.kind !== 'vote') return;
    const { instruments, nowMs } = this.#sinks;
    const code = message.answer === 'no' ? codeAttribute(message.code ?? 'VETOED') : {};
    const vote = { 'replichart.vote': message.answer, ...code };
    instruments.count('replichart.votes', 1, { ...nodeAttributes(this.#node), ...vote });
    const change = this.#open.get(message.round);
    if (change !== undefined && change.decidedMs === null) change.lastVoteMs = nowMs();
  }

  /** Nothing more will come: what is open ends where it is. */
  close(): void {
    const nowMs = this.#sinks.nowMs();
    for (const change of this.#open.values()) {
      if (change.committedMs === null) change.span.end(nowMs);
    }
    this.#open.clear();
  }

  #begin(event: ChangeMoved, nowMs: number): OpenChange {
    const { item } = this.#node;
    const { to, method, change: id, updates, bytes, slaves } = event;
    const attributes = { ...nodeAttributes(this.#node), 'replichart.method': method };
    const caller = trace.getActiveSpan()?.spanContext();
    const parent = contextOf(item, to.lineage, to);
    const options = {
      startTime: nowMs,
      attributes: {
        ...attributes,
        'replichart.change': id,
        'replichart.version': to.version,
        'replichart.lineage': to.lineage,
        'replichart.updates': updates,
        'replichart.bytes': bytes,
        'replichart.participants': Object.keys(slaves).length,
      },
      links: caller === undefined ? [] : [{ context: caller }],
    };
    const span = this.#sinks.tracer.startSpan('replichart.change', options, parent);
    const within = trace.setSpan(parent, span);
    const times = { lastVoteMs: null, decidedMs: null, committedMs: null };
    const change: OpenChange = { span, within, begunMs: nowMs, attributes, ...times };
    this.#open.set(id, change);
    this.#makeRoom();
    return change;
  }

  #decided({ method }: ChangeMoved, change: OpenChange, nowMs: number): void {
    const votedMs = change.lastVoteMs ?? change.begunMs;
    if (method === 'two-phase') this.#stage(change, 'prepare', change.begunMs, votedMs);
    this.#stage(change, 'decide', votedMs, nowMs);
    change.decidedMs = nowMs;
  }

  #committed(event: ChangeMoved, change: OpenChange, nowMs: number): void {
    const { instruments } = this.#sinks;
    this.#stage(change, 'commit', change.decidedMs ?? change.begunMs, nowMs);
    change.committedMs = nowMs;
    this.#count(event, change, 'committed', {});
    instruments.record('replichart.change.size', event.bytes, change.attributes);
    this.#measure(change, 'total', change.begunMs, nowMs);
    change.span.setAttribute('replichart.outcome', 'committed');
    change.span.end(nowMs);
  }

  #applied({ change: id }: ChangeMoved, change: OpenChange, nowMs: number): void {
    this.#stage(change, 'confirm', change.committedMs ?? change.begunMs, nowMs);
    this.#open.delete(id);
  }

  #failed(event: ChangeMoved, change: OpenChange, nowMs: number): void {
    const { stage, problem, method, slaves } = event;
    const outcome = stage === 'aborted' ? 'aborted' : 'failed';
    if (method === 'two-phase' && change.decidedMs === null) {
      this.#stage(change, 'prepare', change.begunMs, nowMs);
    }
    const code = problem === null ? {} : codeAttribute(problem.code);
    this.#count(event, change, outcome, code);
    this.#measure(change, 'total', change.begunMs, nowMs);
    change.span.setAttributes({ 'replichart.outcome': outcome, ...code });
    for (const [slave, progress] of Object.entries(slaves).filter(isAgainst).slice(0, NAMED_MAX)) {
      change.span.addEvent(`replichart.${progress.stage}`, against(slave, progress), nowMs);
    }
    change.span.setStatus({ code: SpanStatusCode.ERROR, message: problem?.reason ?? outcome });
    change.span.end(nowMs);
    this.#open.delete(event.change);
  }

  #count(
    { updates }: ChangeMoved,
    { attributes }: OpenChange,
    outcome: string,
    code: Attributes,
  ): void {
    const { instruments } = this.#sinks;
    const all = { ...attributes, 'replichart.outcome': outcome, ...code };
    instruments.count('replichart.changes', 1, all);
    instruments.count('replichart.updates', updates, all);
  }

  #stage(change: OpenChange, stage: string, fromMs: number, toMs: number): void {
    const { tracer } = this.#sinks;
    const options = { startTime: fromMs, attributes: nodeAttributes(this.#node) };
    tracer.startSpan(`replichart.change.${stage}`, options, change.within).end(toMs);
    this.#measure(change, stage, fromMs, toMs);
  }

  #measure({ attributes }: OpenChange, stage: string, fromMs: number, toMs: number): void {
    this.#sinks.instruments.record('replichart.change.duration', (toMs - fromMs) / MS_PER_S, {
      ...attributes,
      'replichart.stage': stage,
    });
  }

  /** One that a slave never confirms is not told of again. */
  #makeRoom(): void {
    if (this.#open.size <= OPEN_MAX) return;
    for (const [id, { committedMs }] of this.#open) {
      if (committedMs === null) continue;
      this.#open.delete(id);
      return;
    }
  }
}

const isAgainst = ([, { stage }]: [string, SlaveProgress]): boolean =>
  stage === 'vetoed' || stage === 'lost';

function against(slave: string, { reason }: SlaveProgress): Attributes {
  const why = reason === undefined ? {} : { 'replichart.reason': reason };
  return { 'replichart.slave': slave, ...why };
}
