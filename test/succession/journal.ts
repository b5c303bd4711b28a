/** Everything the nodes told, kept outside of them, and what it must never show. */
import { type HostLine, monotonicMs } from './messages.js';

interface Ack {
  readonly node: string;
  readonly term: number;
  readonly atMs: number;
  readonly method: string;
}

export interface Reign {
  readonly node: string;
  readonly term: number;
  readonly atMs: number;
}

export class Journal {
  readonly acks = new Map<string, Ack>();
  readonly reigns: Reign[] = [];
  /** When each node was a copy that answers, after each of its starts and falls. */
  readonly copies: Reign[] = [];
  readonly unconfirmed: string[] = [];
  readonly troubles = new Map<string, number>();
  readonly doubts = new Set<string>();
  /** Every change of role and every trouble, with its time, for those that are to be explained. */
  readonly events: Array<{ readonly atMs: number; readonly text: string }> = [];
  conflicts = 0;
  hear(node: string, line: HostLine): void {
    if (line.kind === 'ack') {
      const { key, term, atMs, method } = line;
      this.acks.set(key, { node, term, atMs, method });
    } else if (line.kind === 'role' && line.role === 'leading') {
      this.reigns.push({ node, term: line.term, atMs: line.atMs });
    } else if (line.kind === 'role' && line.role === 'following') {
      this.copies.push({ node, term: line.term, atMs: line.atMs });
    } else if (line.kind === 'unconfirmed') this.unconfirmed.push(line.key);
    else if (line.kind === 'conflict') this.conflicts += 1;
    else if (line.kind === 'doubt') this.doubts.add(line.round);
    else if (line.kind === 'trouble') {
      const what = `${line.code}: ${line.reason.slice(0, 120)}`;
      this.troubles.set(what, (this.troubles.get(what) ?? 0) + 1);
    }
    if (line.kind !== 'ack' && line.kind !== 'state') {
      const text = `${node} ${JSON.stringify(line).slice(0, 200)}`;
      this.events.push({ atMs: monotonicMs(), text });
    }
  }

  /** What happened after this moment, a line each. */
  story(sinceMs: number): readonly string[] {
    return this.events
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ atMs, text }) => `  ${Math.round(atMs - sinceMs)} ms ${text}`);
  }

  /** The first reign that began after this moment. */
  reignAfter(atMs: number): Reign | undefined {
    return this.reigns.find((reign) => reign.atMs > atMs);
  }

  /** Terms in which more than one node confirmed something, or led. */
  doubleLeaders(): string[] {
    const byTerm = new Map<number, Set<string>>();
    const note = ({ term, node }: { readonly term: number; readonly node: string }) =>
      byTerm.set(term, (byTerm.get(term) ?? new Set()).add(node));
    for (const ack of this.acks.values()) note(ack);
    for (const reign of this.reigns) note(reign);
    return [...byTerm]
      .filter(([, nodes]) => nodes.size > 1)
      .map(([term, nodes]) => `term ${term}: ${[...nodes].join(', ')}`);
  }

  /** Confirmations of a term that came after the leader of a later one had begun. */
  lateAcks(): string[] {
    const reigns = [...this.reigns].sort((left, right) => left.term - right.term);
    const late: string[] = [];
    for (const [key, { term, atMs, node }] of this.acks) {
      const later = reigns.find((reign) => reign.term > term && reign.atMs < atMs);
      if (later === undefined) continue;
      late.push(`${key} by ${node} in term ${term}, ${atMs - later.atMs} ms after ${later.term}`);
    }
    return late;
  }
}
