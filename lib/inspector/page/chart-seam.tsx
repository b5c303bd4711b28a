/** States of an actor in words, where no drawing is. */
import type { Chart } from '../chart/read-chart.js';
import type { StateValue } from '../entries.js';

export interface LiveChartProps {
  readonly chart: Chart;
  readonly value: StateValue | null;
  readonly taken: readonly string[];
  readonly step?: string | number;
  readonly name?: string;
}

export function LiveChart({ value }: LiveChartProps) {
  return <pre>{JSON.stringify(value, null, 2)}</pre>;
}
