/**
 * A statechart in a page: drawn once per chart, then only lit. Needs no inline style, no markup
 * from a string, and of the page's policy only `'wasm-unsafe-eval'`, for the layout.
 */
import type { RefObject, VNode } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StateValue } from '../entries.js';
import { ChartDetails } from './chart-details.js';
import { ChartTable } from './chart-table.js';
import { activePaths } from './drawing/active.js';
import { type About, ChartCanvas } from './drawing/chart-canvas.js';
import { ChartMotion } from './drawing/chart-motion.js';
import { adoptChartStyle } from './drawing/chart-style.js';
import { drawChart, type NoDrawing } from './drawing/draw-chart.js';
import type { Drawing } from './drawing/scene.js';
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

type Outcome = Drawing | NoDrawing;

/** A layout takes longer than several frames, and time travel comes by the same charts again. */
const drawings = new WeakMap<Chart, Outcome>();

/** Null while it is drawn for the first time. */
function useDrawing(chart: Chart): Outcome | null {
  const [, setDrawn] = useState<Chart | null>(null);
  useEffect(() => {
    if (drawings.has(chart)) return;
    let isWanted = true;
    const take = (drawn: Outcome): void => {
      drawings.set(chart, drawn);
      if (isWanted) setDrawn(chart);
    };
    drawChart(chart).then(take, (error: unknown) => take({ reason: String(error) }));
    return () => {
      isWanted = false;
    };
  }, [chart]);
  return drawings.get(chart) ?? null;
}

interface Shown {
  readonly canvas: ChartCanvas;
  readonly motion: ChartMotion;
}

/** Puts the drawing into its place, and tells what is under the pointer or has the focus. */
function useCanvas(
  place: RefObject<HTMLElement | null>,
  drawing: Drawing,
  onAbout: (about: About | null) => void,
): Shown | null {
  const [shown, setShown] = useState<Shown | null>(null);
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const canvas = new ChartCanvas(document, drawing);
    current.replaceChildren(canvas.element);
    const motion = new ChartMotion(current, canvas.element, drawing.bounds);
    canvas.element.addEventListener('pointerover', ({ target }) => onAbout(canvas.aboutOf(target)));
    canvas.element.addEventListener('focusin', ({ target }) => {
      const about = canvas.aboutOf(target);
      onAbout(about);
      // What was clicked is in view already, and must not move from under the pointer.
      const isByKey = canvas.element.querySelector(':focus-visible') !== null;
      const box = about?.state !== undefined && isByKey ? canvas.placeOf(about.state) : null;
      if (box !== null) motion.reveal(box);
    });
    setShown({ canvas, motion });
    return motion.close;
  }, [place, drawing, onAbout]);
  return shown;
}

function Buttons({ motion }: { readonly motion: ChartMotion | undefined }): VNode {
  return (
    <div class="chart-buttons" role="toolbar" aria-label="Size of the statechart">
      <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={motion?.nearer}>
        +
      </button>
      <button type="button" aria-label="Zoom out" title="Zoom out (-)" onClick={motion?.further}>
        −
      </button>
      <button type="button" aria-label="Show all" title="Show all (0)" onClick={motion?.fit}>
        Fit
      </button>
    </div>
  );
}

interface CanvasProps extends LiveChartProps {
  readonly drawing: Drawing;
  readonly active: ReadonlySet<string>;
}

function Canvas({ drawing, active, taken, step, name, chart }: CanvasProps): VNode {
  const place = useRef<HTMLElement>(null);
  const lastStep = useRef(step);
  const [about, setAbout] = useState<About | null>(null);
  const onAbout = useCallback((next: About | null) => setAbout(next), []);
  const shown = useCanvas(place, drawing, onAbout);
  useEffect(() => shown?.canvas.light(active), [shown, active]);
  useEffect(() => {
    shown?.canvas.take(taken, step !== lastStep.current);
    lastStep.current = step;
  }, [shown, taken, step]);
  return (
    <div class="chart-view">
      <Buttons motion={shown?.motion} />
      <figure class="chart-place" ref={place} aria-label={`Statechart of ${name ?? chart.id}`} />
      <ChartDetails chart={chart} about={about} />
    </div>
  );
}

function Picture(props: LiveChartProps & { readonly active: ReadonlySet<string> }): VNode {
  const outcome = useDrawing(props.chart);
  if (outcome === null) return <p class="chart-note">Drawing the statechart…</p>;
  if ('reason' in outcome) return <p class="chart-note">{outcome.reason}</p>;
  return <Canvas {...props} drawing={outcome} />;
}

export function LiveChart(props: LiveChartProps): VNode {
  const { chart, value, taken } = props;
  const active = useMemo(() => activePaths(value), [value]);
  const [isListed, setListed] = useState(false);
  useEffect(() => adoptChartStyle(document), []);
  return (
    <div class="chart-live">
      <Picture {...props} active={active} />
      <details class="chart-list" onToggle={({ currentTarget }) => setListed(currentTarget.open)}>
        <summary>All transitions as a list</summary>
        {isListed ? <ChartTable chart={chart} active={active} taken={taken} /> : null}
      </details>
    </div>
  );
}
