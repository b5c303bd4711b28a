/** Lag of each slave, and rates, over the whole recording; a line marks the shown moment. */

import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import type { Plot } from '../timeline/series.js';
import { countText } from './format.js';
import { lineEnd, shownTime, timeline } from './model.js';
import { goToTime, span } from './travel.js';

const HEIGHT_PX = 190;
/** One column for so many pixels. */
const COLUMN_PX = 2;
const SECOND_MS = 1000;
/** Told apart on both backgrounds; with more slaves they come again. */
const COLOURS = ['--plot-1', '--plot-2', '--plot-3', '--plot-4', '--plot-5', '--plot-6'] as const;
const LEGEND_MAX = 12;

type Read = (from: number, to: number, columns: number) => Plot;

const PLOTS = [
  {
    title: 'Versions behind',
    testid: 'lag-plot',
    read: (from, to, columns) => timeline.value.series.lag(from, to, columns),
  },
  {
    title: 'Per second',
    testid: 'rate-plot',
    read: (from, to, columns) => timeline.value.series.rates(from, to, columns),
  },
] as const satisfies ReadonlyArray<{ title: string; testid: string; read: Read }>;

const colourOf = (element: Element, name: string): string =>
  getComputedStyle(element).getPropertyValue(name).trim();

/** Draws the shown moment over the lines. */
function momentMark(element: Element): UPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const x = plot.valToPos(shownTime.peek() / SECOND_MS, 'x', true);
        const { top, height, left, width } = plot.bbox;
        if (x < left || x > left + width) return;
        plot.ctx.fillStyle = colourOf(element, '--accent');
        plot.ctx.fillRect(Math.round(x) - 1, top, 2, height);
      },
    },
  };
}

function optionsOf(element: HTMLElement, plot: Plot, title: string): UPlot.Options {
  const axis = {
    stroke: colourOf(element, '--muted'),
    grid: { stroke: colourOf(element, '--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  const lines = plot.lines.map(({ name }, index) => ({
    label: name,
    stroke: colourOf(element, COLOURS[index % COLOURS.length] ?? COLOURS[0]),
    width: 1.5,
    points: { show: false },
  }));
  return {
    title,
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { show: false } },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max)] } },
    axes: [axis, { ...axis, size: 48 }],
    series: [{}, ...lines],
    plugins: [momentMark(element)],
  };
}

function dataOf(plot: Plot): UPlot.AlignedData {
  const times = plot.times.map((at) => at / SECOND_MS);
  return [times, ...plot.lines.map(({ values }) => [...values])];
}

/** Keeps one drawing in its place; made anew when its lines or its width are others. */
function mount(element: HTMLElement, read: Read, title: string): () => void {
  let shown: UPlot | null = null;
  let look = '';
  const draw = (): void => {
    lineEnd.value;
    const { from, to } = span.value;
    const columns = Math.max(50, Math.floor(element.clientWidth / COLUMN_PX));
    const plot = read(from, to, columns);
    const wanted = `${element.clientWidth} ${plot.lines.map(({ name }) => name).join()}`;
    if (shown !== null && look === wanted) return shown.setData(dataOf(plot));
    shown?.destroy();
    look = wanted;
    shown = new UPlot(optionsOf(element, plot, title), dataOf(plot), element);
    const { over } = shown;
    over.addEventListener('click', ({ offsetX }) => {
      if (shown !== null) goToTime(shown.posToVal(offsetX, 'x') * SECOND_MS);
    });
  };
  const observer = new ResizeObserver(draw);
  observer.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recolour = (): void => {
    look = '';
    draw();
  };
  scheme.addEventListener('change', recolour);
  const stops = [
    effect(draw),
    effect(() => {
      shownTime.value;
      shown?.redraw(false);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    observer.disconnect();
    scheme.removeEventListener('change', recolour);
    shown?.destroy();
  };
}

function Legend({ read }: { readonly read: Read }) {
  const at = shownTime.value;
  const { lines } = read(at - SECOND_MS, at, 1);
  return (
    <ul class="legend">
      {lines.slice(0, LEGEND_MAX).map(({ name, values }, index) => (
        <li key={name}>
          <i class={`dot colour-${(index % COLOURS.length) + 1}`} />
          {name} <b class="number">{countText(values[0] ?? 0)}</b>
        </li>
      ))}
      {lines.length > LEGEND_MAX ? (
        <li class="muted">and {lines.length - LEGEND_MAX} more</li>
      ) : null}
    </ul>
  );
}

function OnePlot({ title, testid, read }: (typeof PLOTS)[number]) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current !== null) return mount(place.current, read, title);
    return undefined;
  }, [title, read]);
  return (
    <figure class="plot" data-testid={testid}>
      <div ref={place} class="plot-place" role="img" aria-label={`${title}, over time`} />
      <Legend read={read} />
    </figure>
  );
}

export function PlotsView() {
  return (
    <div class="view plots" data-testid="plots">
      {PLOTS.map((plot) => (
        <OnePlot key={plot.testid} {...plot} />
      ))}
    </div>
  );
}
