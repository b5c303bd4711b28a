/** Lag and rates over time, as few points as a plot has columns. */
import type { ChangeEntry, ReportEntry } from '../entries.js';
import { doubles } from './growing.js';

const SECOND_MS = 1000;

/** A value that holds until the next point. */
class Steps {
  readonly times = doubles();
  readonly values = doubles();

  push(at: number, value: number): void {
    const { length } = this.values;
    const isSame = length > 0 && this.values.get(length - 1) === value;
    if (isSame) return;
    this.times.push(Math.max(at, length === 0 ? at : this.times.get(length - 1)));
    this.values.push(value);
  }

  /** The highest value in each column of time; null before the first point. */
  highest(edges: readonly number[]): Array<number | null> {
    const columns: Array<number | null> = [];
    let next = this.times.firstAbove(edges[0] ?? 0);
    for (let column = 0; column + 1 < edges.length; column += 1) {
      let highest = next === 0 ? null : this.values.get(next - 1);
      const until = edges[column + 1] ?? 0;
      while (next < this.times.length && this.times.get(next) <= until) {
        highest = Math.max(highest ?? 0, this.values.get(next));
        next += 1;
      }
      columns.push(highest);
    }
    return columns;
  }
}

/** First index whose value is above `value`, in a list that never falls. */
function firstAbove(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of something happened, by second. */
class Counts {
  readonly #bySecond = new Map<number, number>();

  add(at: number): void {
    const second = Math.floor(at / SECOND_MS);
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1);
  }

  /** Per second, averaged over each column of time. */
  rates(edges: readonly number[]): number[] {
    const from = edges.slice(0, -1).map((edge) => Math.floor(edge / SECOND_MS));
    const until = from.map((first, column) => {
      return Math.max(first + 1, Math.floor((edges[column + 1] ?? 0) / SECOND_MS));
    });
    const counts = from.map(() => 0);
    const seconds = (until.at(-1) ?? 0) - (from[0] ?? 0);
    // One line with a wrong clock makes a range of decades, whose seconds nobody can go through.
    if (seconds > this.#bySecond.size) this.#countKnown(counts, from, until);
    else this.#countEach(counts, from, until);
    return counts.map((count, column) => count / ((until[column] ?? 0) - (from[column] ?? 0)));
  }

  #countEach(counts: number[], from: readonly number[], until: readonly number[]): void {
    for (const column of counts.keys()) {
      for (let second = from[column] ?? 0; second < (until[column] ?? 0); second += 1) {
        counts[column] = (counts[column] ?? 0) + (this.#bySecond.get(second) ?? 0);
      }
    }
  }

  /** Columns narrower than a second share it. */
  #countKnown(counts: number[], from: readonly number[], until: readonly number[]): void {
    for (const [second, count] of this.#bySecond) {
      for (let column = firstAbove(until, second); (from[column] ?? second + 1) <= second; ) {
        counts[column] = (counts[column] ?? 0) + count;
        column += 1;
      }
    }
  }

  forgetBefore(at: number): void {
    const first = Math.floor(at / SECOND_MS);
    for (const second of this.#bySecond.keys()) {
      if (second < first) this.#bySecond.delete(second);
    }
  }
}

export interface Plot {
  /** Milliseconds since 1970: the middle of each column. */
  readonly times: readonly number[];
  readonly lines: ReadonlyArray<{
    readonly name: string;
    readonly values: ReadonlyArray<number | null>;
  }>;
}

function edgesOf(from: number, to: number, columns: number): number[] {
  const width = Math.max(to - from, 1) / columns;
  return Array.from({ length: columns + 1 }, (_, index) => from + index * width);
}

const middles = (edges: readonly number[]): number[] =>
  edges.slice(1).map((edge, index) => (edge + (edges[index] ?? edge)) / 2);

export class Series {
  readonly #lags = new Map<string, Steps>();
  readonly messages = new Counts();
  readonly #decided = new Counts();
  readonly #aborted = new Counts();

  takeReport({ at, report }: ReportEntry, item: string, id: string): void {
    if (report.role === 'master') {
      for (const slave of report.slaves) this.#lag(`${item} ${slave.id}`, at, slave.lag);
      return;
    }
    for (const slave of report.slaves ?? []) this.#lag(`${item} ${slave.id}`, at, slave.lag);
    const { target } = report.status;
    if (target === null) return;
    this.#lag(`${item} ${id}`, at, Math.max(0, target.version - (report.position?.version ?? 0)));
  }

  takeChange({ at, stage }: ChangeEntry): void {
    if (stage === 'decided') this.#decided.add(at);
    if (stage === 'aborted' || stage === 'failed') this.#aborted.add(at);
  }

  /** Versions behind, of each slave: the highest of each column. */
  lag(from: number, to: number, columns: number): Plot {
    const edges = edgesOf(from, to, columns);
    const lines = [...this.#lags]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([name, steps]) => ({ name: nameOf(name), values: steps.highest(edges) }));
    return { times: middles(edges), lines };
  }

  /** Per second: changes that were decided, that were aborted, and messages. */
  rates(from: number, to: number, columns: number): Plot {
    const edges = edgesOf(from, to, columns);
    const lines = [
      { name: 'decided', values: this.#decided.rates(edges) },
      { name: 'aborted', values: this.#aborted.rates(edges) },
      { name: 'messages', values: this.messages.rates(edges) },
    ];
    return { times: middles(edges), lines };
  }

  forgetBefore(at: number): void {
    for (const counts of [this.messages, this.#decided, this.#aborted]) counts.forgetBefore(at);
  }

  #lag(name: string, at: number, lag: number): void {
    const known = this.#lags.get(name);
    const steps = known ?? new Steps();
    if (known === undefined) this.#lags.set(name, steps);
    steps.push(at, lag);
  }
}

const nameOf = (name: string): string => name.slice(name.lastIndexOf(' ') + 1);
