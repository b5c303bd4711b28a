/**
 * A chart as a drawing. Graphviz runs as WebAssembly in Node and in browsers alike and is loaded
 * with the first chart; a page that draws has to allow `'wasm-unsafe-eval'` in its policy.
 */
import type { Viz } from '@viz-js/viz';
import { type Chart, statesOf } from '../read-chart.js';
import { drawDot } from './dot.js';
import { readLayout } from './layout.js';
import { planChart } from './plan.js';
import { type Drawing, drawScene } from './scene.js';

/** So many are laid out in 0.2 s (see `REACH_MAX`); more are no picture for anybody. */
export const STATES_MAX = 300;

/** Why there is no drawing, in words: the list of transitions serves such a machine better. */
export interface NoDrawing {
  readonly reason: string;
}

let viz: Promise<Viz> | undefined;

function loadViz(): Promise<Viz> {
  viz ??= import('@viz-js/viz').then(({ instance }) => instance());
  return viz;
}

export async function drawChart(chart: Chart): Promise<Drawing | NoDrawing> {
  const count = statesOf(chart.root).length;
  if (count > STATES_MAX) {
    return { reason: `${count} states are too many to draw: at most ${STATES_MAX} are` };
  }
  const plan = planChart(chart);
  const dot = drawDot(plan, 'TB');
  const result = (await loadViz()).render(dot, { format: 'json0' });
  if (result.status === 'failure') {
    const said = result.errors.map(({ message }) => message).join('; ');
    return { reason: `the layout of this chart failed: ${said}` };
  }
  return drawScene(plan, readLayout(result.output), 'TB');
}
