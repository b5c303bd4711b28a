/** Spans and durations of one slave: its answers to prepares, and each version it applied. */
import { type Span, SpanStatusCode } from '@opentelemetry/api';
import type { Enveloped, Message, Point, Position } from '../../machines/protocol.js';
import type { InspectedNode, MessageMoved } from '../service/inspection.js';
import { contextOf, linkTo } from './change-trace.js';
import { codeAttribute, nodeAttributes } from './instruments.js';
import type { Sinks } from './sinks.js';

/** Versions heard of and not applied that are remembered; the oldest one makes room. */
const HEARD_MAX = 256;
/** Prepares that are remembered, answered or not: one round is open at a time. */
const PREPARES_MAX = 8;
/** Changes that the span of a large step names. */
const LINKS_MAX = 32;
const MS_PER_S = 1000;

interface Heard {
  readonly point: Point;
  readonly lineage: string;
  readonly atMs: number;
  /** How it came: pushed with an announcement, by a round's outcome, or asked for. */
  by: 'push' | 'round' | 'delta' | 'snapshot';
}

/** Oldest first out. */
function bound(map: Map<unknown, unknown>, max: number): unknown {
  if (map.size <= max) return undefined;
  const [oldest] = map.keys();
  const value = map.get(oldest);
  map.delete(oldest);
  return value;
}

export class SlaveChanges {
  readonly #node: InspectedNode;
  readonly #sinks: Sinks;
  /** Committed changes above the position, by version. */
  readonly #heard = new Map<number, Heard>();
  /** By round. */
  readonly #prepares = new Map<string, { readonly span: Span; readonly atMs: number }>();
  /** Rounds whose prepare was answered: it is repeated until the master has the vote (P8). */
  readonly #answered = new Map<string, true>();
  #position: Position | null = null;

  constructor(node: InspectedNode, sinks: Sinks) {
    this.#node = node;
    this.#sinks = sinks;
    const report = node.report();
    if (report.role === 'slave') this.#position = report.position;
  }

  message({ fate, message }: MessageMoved): void {
    if (fate === 'sent' && message.kind === 'vote') this.#voted(message);
    if (fate !== 'received') return;
    if (message.kind === 'prepare') this.#asked(message);
    if (message.kind === 'abort') this.#over(message.round);
    this.#hear(message);
  }

  /** The copy stands here now. */
  moved(position: Position | null): void {
    const before = this.#position;
    if (position === null || isSame(position, before)) return;
    this.#position = position;
    this.#applied(before, position);
    for (const version of this.#heard.keys()) {
      if (version <= position.version) this.#heard.delete(version);
    }
  }

  close(): void {
    for (const round of [...this.#prepares.keys()]) this.#over(round);
  }

  #hear(message: Enveloped<Message>): void {
    const { lineage } = message.envelope;
    if (message.kind === 'announce' || message.kind === 'prepare') {
      for (const { to } of message.links) this.#note(to, lineage, 'push');
      this.#note(message.position, lineage, 'push');
    }
    if (message.kind === 'commit') this.#note(message.to, lineage, 'round');
    if (message.kind !== 'delta' && message.kind !== 'snapshot') return;
    this.#note(message.to, lineage, message.kind);
    if (!message.last) return;
    this.#sinks.instruments.count('replichart.transfers', 1, {
      ...nodeAttributes(this.#node),
      'replichart.transfer.kind': message.kind,
      'replichart.transfer.reason': message.reason ?? 'behind',
    });
  }

  #note(point: Point, lineage: string, by: Heard['by']): void {
    const at = this.#position;
    if (at !== null && at.lineage === lineage && point.version <= at.version) return;
    const known = this.#heard.get(point.version);
    if (known?.point.digest === point.digest) {
      if (by !== 'push') known.by = by;
      return;
    }
    this.#heard.set(point.version, { point, lineage, atMs: this.#sinks.nowMs(), by });
    bound(this.#heard, HEARD_MAX);
  }

  #asked(message: Extract<Enveloped<Message>, { kind: 'prepare' }>): void {
    if (this.#prepares.has(message.round) || this.#answered.has(message.round)) return;
    const { item } = this.#node;
    const atMs = this.#sinks.nowMs();
    const attributes = {
      ...nodeAttributes(this.#node),
      'replichart.change': message.round,
      'replichart.version': message.to.version,
    };
    const parent = contextOf(item, message.envelope.lineage, message.to);
    const options = { startTime: atMs, attributes };
    const span = this.#sinks.tracer.startSpan('replichart.slave.prepare', options, parent);
    this.#prepares.set(message.round, { span, atMs });
    const oldest = bound(this.#prepares, PREPARES_MAX) as { readonly span: Span } | undefined;
    oldest?.span.setAttribute('replichart.vote', 'none').end(this.#sinks.nowMs());
  }

  #voted(vote: Extract<Message, { kind: 'vote' }>): void {
    const open = this.#prepares.get(vote.round);
    if (open === undefined) return;
    this.#prepares.delete(vote.round);
    this.#answered.set(vote.round, true);
    bound(this.#answered, PREPARES_MAX);
    const nowMs = this.#sinks.nowMs();
    open.span.setAttribute('replichart.vote', vote.answer);
    if (vote.answer === 'no') {
      open.span.setAttributes(codeAttribute(vote.code ?? 'VETOED'));
      open.span.setStatus({ code: SpanStatusCode.ERROR, message: vote.reason ?? 'no' });
    }
    open.span.end(nowMs);
    this.#measure('prepare', open.atMs, nowMs);
  }

  /** The round ended before this slave answered. */
  #over(round: string): void {
    const open = this.#prepares.get(round);
    if (open === undefined) return;
    this.#prepares.delete(round);
    open.span.setAttribute('replichart.vote', 'none').end(this.#sinks.nowMs());
  }

  #applied(before: Position | null, to: Position): void {
    const { item } = this.#node;
    const nowMs = this.#sinks.nowMs();
    const heard = this.#heard.get(to.version);
    const known = heard?.point.digest === to.digest ? heard : undefined;
    const from = before?.lineage === to.lineage ? before.version : 0;
    const between = [...this.#heard.values()]
      .filter(({ point, lineage }) => lineage === to.lineage && isWithin(point, from, to))
      .sort((left, right) => right.point.version - left.point.version);
    const fromMs = known?.atMs ?? nowMs;
    const options = {
      startTime: fromMs,
      attributes: {
        ...nodeAttributes(this.#node),
        'replichart.version': to.version,
        'replichart.version.from': from,
        'replichart.lineage': to.lineage,
        'replichart.applied.by': known?.by ?? 'push',
      },
      links: between.slice(0, LINKS_MAX).map(({ point }) => linkTo(item, to.lineage, point)),
    };
    const parent = contextOf(item, to.lineage, to);
    this.#sinks.tracer.startSpan('replichart.slave.apply', options, parent).end(nowMs);
    this.#measure('apply', fromMs, nowMs);
  }

  #measure(stage: string, fromMs: number, toMs: number): void {
    this.#sinks.instruments.record('replichart.slave.duration', (toMs - fromMs) / MS_PER_S, {
      ...nodeAttributes(this.#node),
      'replichart.stage': stage,
    });
  }
}

const isWithin = ({ version }: Point, from: number, to: Point): boolean =>
  version > from && version < to.version;

const isSame = (left: Position, right: Position | null): boolean =>
  right !== null &&
  left.version === right.version &&
  left.digest === right.digest &&
  left.lineage === right.lineage;
