/** Ratios to the reference as an SVG: a group of bars per cell, longer is better. */
import type { ResultLine } from '../result.js';

const WIDTH = 860;
const LABEL_WIDTH = 200;
const BAR_HEIGHT = 14;
const BAR_STEP = 18;
const HEADING_HEIGHT = 26;
const MARGIN = 12;
const FIGURE_WIDTH = 60;
const COLOURS: Readonly<Record<string, string>> = {
  replichart: '#2f6fde',
  limit: '#9aa3ad',
  'limit-json': '#c4cad1',
};
const PEER_COLOUR = '#d9914a';

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

const titleOf = ({ yardstick, variant, slaves, valueBytes }: ResultLine): string =>
  `${yardstick} ${variant}, ${slaves} slaves, ${valueBytes} B`;

/** How many times as good as the reference: of a time, its inverse. */
function scoreOf({ ratio, unit }: ResultLine): number {
  if (ratio === null || ratio === 0) return 0;
  return unit.endsWith('/s') ? ratio : 1 / ratio;
}

function groupsOf(lines: readonly ResultLine[]): Map<string, ResultLine[]> {
  const groups = new Map<string, ResultLine[]>();
  for (const line of lines) {
    const title = titleOf(line);
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [line]);
    else group.push(line);
  }
  return groups;
}

function barOf(line: ResultLine, top: number, unitWidth: number): string {
  const score = scoreOf(line);
  const width = Math.max(1, score * unitWidth);
  const colour = COLOURS[line.contestant.replace(/-acked$/, '')] ?? PEER_COLOUR;
  const name = line.store === 'disk' ? `${line.contestant} (disk)` : line.contestant;
  const middle = top + BAR_HEIGHT - 3;
  const end = LABEL_WIDTH + width;
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escaped(name)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" ` +
      `fill="${colour}"/>`,
    `<text x="${(end + 6).toFixed(1)}" y="${middle}">${score.toFixed(2)}</text>`,
  ].join('\n');
}

/** A whole SVG file. */
export function chartOf(lines: readonly ResultLine[]): string {
  const most = Math.max(1, ...lines.map(scoreOf));
  const unitWidth = (WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / most;
  const parts: string[] = [];
  let top = MARGIN;
  for (const [title, group] of groupsOf(lines)) {
    parts.push(`<text x="${MARGIN}" y="${top + 16}" font-weight="bold">${escaped(title)}</text>`);
    top += HEADING_HEIGHT;
    for (const line of group) {
      parts.push(barOf(line, top, unitWidth));
      top += BAR_STEP;
    }
    top += MARGIN;
  }
  const one = LABEL_WIDTH + unitWidth;
  const dashes = 'stroke="#888" stroke-dasharray="3"';
  const rule = `<line x1="${one}" y1="0" x2="${one}" y2="${top}" ${dashes}/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" ` +
      'role="img" font-family="sans-serif" font-size="12">',
    '<title>Results of the bench, as ratios to limit-json</title>',
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>`,
    rule,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
