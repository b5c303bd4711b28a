/** The drawing of a machine as a file of its own: its looks inside, light or dark by the reader. */
import { CHART_STYLE } from '../../lib/inspector/chart/drawing/chart-style.js';
import { drawChart } from '../../lib/inspector/chart/drawing/draw-chart.js';
import { svg, writeSvg } from '../../lib/inspector/chart/drawing/svg-node.js';
import type { Chart } from '../../lib/inspector/chart/read-chart.js';

export async function drawFile(chart: Chart): Promise<string> {
  const drawing = await drawChart(chart);
  if ('reason' in drawing) throw new Error(`${chart.id}: ${drawing.reason}`);
  const { root, bounds } = drawing;
  const { x, y, width, height } = bounds;
  const paper = svg('rect', { x, y, width, height, fill: 'var(--chart-paper)' });
  const [title, ...rest] = root.children;
  const children = [title ?? '', svg('style', {}, [CHART_STYLE]), paper, ...rest];
  return `${writeSvg({ ...root, attributes: { ...root.attributes, width, height }, children })}\n`;
}
