/** One line of `npm run bench -- --json`, and how it is made of the rounds of a cell. */
import type { StoreKind } from './contestants/contract.js';
import { ascending, median, percentile, rounded } from './statistics.js';

export interface ResultLine {
  readonly yardstick: string;
  readonly variant: string;
  readonly slaves: number;
  readonly valueBytes: number;
  readonly store: StoreKind;
  readonly contestant: string;
  /** Median over the rounds; of latencies, the median of each round's median. */
  readonly median: number;
  readonly unit: string;
  /** Over all samples where rounds have samples, else over the rounds. */
  readonly p50: number;
  /** The bad end: 99 % are better. Of a rate, the low one. */
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
  /** Median over the median of the reference in the same run; null without one. */
  readonly ratio: number | null;
}

/** What one round of one contestant gave. */
export interface Reading {
  readonly yardstick: string;
  readonly variant: string;
  readonly unit: string;
  readonly value: number;
  /** For latencies: each one, of which `value` is the median. */
  readonly samples?: readonly number[];
}

/** What a contestant is in a table: which program, on which store, under which name. */
export interface Entry {
  readonly contestant: string;
  readonly label: string;
  readonly store: StoreKind;
}

export interface Series {
  readonly entry: Entry;
  readonly readings: readonly Reading[];
}

const isRate = (unit: string): boolean => unit.endsWith('/s');

/** @param slaves and @param valueBytes of the cell; `ratio` is still to be set */
export function lineOf({ entry, readings }: Series, slaves: number, valueBytes: number) {
  const [first] = readings;
  if (first === undefined) throw new Error(`${entry.label} has no readings`);
  const values = readings.map(({ value }) => value);
  const sampled = readings.flatMap(({ samples }) => samples ?? []);
  const all = ascending(sampled.length > 0 ? sampled : values);
  const { yardstick, variant, unit } = first;
  return {
    yardstick,
    variant,
    slaves,
    valueBytes,
    store: entry.store,
    contestant: entry.label,
    median: rounded(median(values)),
    unit,
    p50: rounded(percentile(all, 0.5)),
    p99: rounded(percentile(all, isRate(unit) ? 0.01 : 0.99)),
    min: rounded(Math.min(...values)),
    max: rounded(Math.max(...values)),
    rounds: values.length,
    ratio: null,
  } satisfies ResultLine;
}

/** Sets the ratio of each line to the reference with the same yardstick, variant and unit. */
export function withRatios(lines: readonly ResultLine[], reference: string): ResultLine[] {
  return lines.map((line) => {
    const base = lines.find(({ contestant, yardstick, variant, unit }) => {
      const isSame = yardstick === line.yardstick && variant === line.variant;
      return isSame && unit === line.unit && contestant === reference;
    });
    // A growth may be nothing or less: there is no ratio to that.
    const hasRatio = base !== undefined && base.median > 0 && line.median >= 0;
    return { ...line, ratio: hasRatio ? rounded(line.median / base.median) : null };
  });
}
