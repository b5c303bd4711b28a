/**
 * A statechart in a page: drawn once per chart, then only lit. Needs no inline style, no markup
 * from a string, and of the page's policy only `'wasm-unsafe-eval'`, for the layout.
 */
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StateValue } from '../entries.js';
import { activePaths } from './drawing/active.js';
import { ChartCanvas } from './drawing/chart-canvas.js';
import { adoptChartStyle } from './drawing/chart-style.js';
import { type Drawing, drawChart, type NoDrawing } from './drawing/draw-chart.js';
import type { Chart } from './read-chart.js';

export interface LiveChartProps {
  readonly chart: Chart;
  /** Where the actor stands; null: nothing is lit. */
  readonly value: StateValue | null;
  /** Ids of the transitions of the step that led there; they are marked. */
  readonly taken: readonly string[];
  /** Tells one step from the next: the transitions move each time it changes. Default: never. */
  readonly step?: string | number;
  /** For people who hear the page: which actor it is. Default: the chart's id. */
  readonly name?: string;
}

type Outcome = Drawing | NoDrawing | null;

function useDrawing(chart: Chart): Outcome {
  const [outcome, setOutcome] = useState<Outcome>(null);
  useEffect(() => {
    let isWanted = true;
    setOutcome(null);
    const take = (drawn: Outcome): void => {
      if (isWanted) setOutcome(drawn);
    };
    drawChart(chart).then(take, (error: unknown) => take({ reason: String(error) }));
    return () => {
      isWanted = false;
    };
  }, [chart]);
  return outcome;
}

interface CanvasProps extends LiveChartProps {
  readonly drawing: Drawing;
}

function Canvas({ drawing, value, taken, step, name, chart }: CanvasProps): VNode {
  const place = useRef<HTMLElement>(null);
  const canvas = useRef<ChartCanvas | null>(null);
  const lastStep = useRef(step);
  useEffect(() => {
    adoptChartStyle(document);
    const made = new ChartCanvas(document, drawing);
    canvas.current = made;
    place.current?.replaceChildren(made.element);
  }, [drawing]);
  useEffect(() => canvas.current?.light(activePaths(value)), [drawing, value]);
  useEffect(() => {
    canvas.current?.take(taken, step !== lastStep.current);
    lastStep.current = step;
  }, [drawing, taken, step]);
  return (
    <figure class="chart-place" ref={place} aria-label={`Statechart of ${name ?? chart.id}`} />
  );
}

export function LiveChart(props: LiveChartProps): VNode {
  const outcome = useDrawing(props.chart);
  if (outcome === null) return <p class="chart-note">Drawing the statechart…</p>;
  if ('reason' in outcome) return <p class="chart-note">{outcome.reason}</p>;
  return <Canvas {...props} drawing={outcome} />;
}
