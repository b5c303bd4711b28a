/**
 * Pulls the reports of nodes: soon after something changed in them, and now and then while
 * nothing does. A report of thousands of slaves takes milliseconds: it is asked for less often.
 */

import type { Clock } from '../../runtime/clock.js';
import type { InspectedNode, NodeReport } from '../../service/inspection.js';

/** Milliseconds: ages are told anew while nothing happens. A heartbeat, by default. */
const IDLE_MS = 1000;
/** The share of time that reports of one node may take. */
const SHARE_MAX = 0.02;

interface Reported {
  readonly node: string;
  /** Null of another host's actors, which have no report. */
  source: InspectedNode | null;
  isChanged: boolean;
  /** Not before this. */
  dueMs: number;
  lastMs: number;
}

export interface ReporterOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly tell: (node: string, report: NodeReport) => void;
  /** Told what asking for a report failed with; that node is not asked again. Must not throw. */
  readonly failed: (node: string, error: unknown) => void;
  /** With each look, whether or not a report is due. */
  readonly looked: () => void;
}

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #nodes = new Map<string, Reported>();
  #timer: unknown = null;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  add(node: string, source: InspectedNode | null): void {
    const never = Number.NEGATIVE_INFINITY;
    this.#nodes.set(node, { node, source, isChanged: true, dueMs: 0, lastMs: never });
    this.#wait();
  }

  changed(node: string): void {
    const reported = this.#nodes.get(node);
    if (reported !== undefined) reported.isChanged = true;
  }

  /** Its last report says how it ended. */
  remove(node: string): void {
    const reported = this.#nodes.get(node);
    if (reported?.isChanged === true) this.#pull(reported, this.#options.clock.now());
    this.#nodes.delete(node);
    if (this.#nodes.size === 0) this.close();
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(): void {
    const { clock, everyMs } = this.#options;
    this.#timer ??= clock.setTimeout(() => {
      this.#timer = null;
      this.#look();
      if (this.#nodes.size > 0) this.#wait();
    }, everyMs);
  }

  #look(): void {
    const nowMs = this.#options.clock.now();
    for (const reported of this.#nodes.values()) {
      const isDue = reported.isChanged && nowMs >= reported.dueMs;
      if (isDue || nowMs >= reported.lastMs + IDLE_MS) this.#pull(reported, nowMs);
    }
    this.#options.looked();
  }

  #pull(reported: Reported, nowMs: number): void {
    const { clock, tell, failed } = this.#options;
    if (reported.source === null) return;
    reported.isChanged = false;
    reported.lastMs = nowMs;
    try {
      tell(reported.node, reported.source.report());
    } catch (error) {
      // In a timer, only the process would catch it.
      reported.source = null;
      failed(reported.node, error);
      return;
    }
    reported.dueMs = nowMs + (clock.now() - nowMs) / SHARE_MAX;
  }
}
