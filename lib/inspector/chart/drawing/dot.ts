/**
 * A plan in the language of Graphviz, which only places things: it is told keys and sizes, never
 * a name or a label, so nothing that a machine's author wrote is read by its parser.
 */
import type { Plan, PlannedArrow, PlannedBox } from './plan.js';

export type Direction = 'TB' | 'LR';

/** Graphviz counts in inches of 72 points; a point is drawn as a pixel. */
const inches = (points: number): string => (points / 72).toFixed(4);

export const startKey = (box: PlannedBox): string => `i${box.key}`;
export const borderKey = (box: PlannedBox): string => `b${box.key}`;
export const clusterKey = (box: PlannedBox): string => `cluster_${box.key}`;
export const hasStart = (box: PlannedBox): boolean => box.state.initial.length > 0;

/** An empty table of fixed size: room for text that is written later. */
function room(width: number, height: number): string {
  const size = `FIXEDSIZE="TRUE" WIDTH="${Math.ceil(width)}" HEIGHT="${Math.ceil(height)}"`;
  return `<<TABLE BORDER="0" CELLBORDER="0" ${size}><TR><TD></TD></TR></TABLE>>`;
}

const point = (key: string, size: number): string =>
  `${key} [width=${inches(size)}, height=${inches(size)}];`;

function drawBox(box: PlannedBox): string[] {
  if (box.children.length === 0) {
    return [`${box.key} [width=${inches(box.width)}, height=${inches(box.height)}];`];
  }
  const lines = [
    `subgraph ${clusterKey(box)} {`,
    `label=${room(box.width, box.height)}; margin=${box.state.type === 'parallel' ? 12 : 10};`,
  ];
  if (hasStart(box)) lines.push(point(startKey(box), 10));
  if (box.leadsInside) lines.push(point(borderKey(box), 1));
  const tops = [hasStart(box) ? startKey(box) : '', box.leadsInside ? borderKey(box) : ''];
  lines.push(`{rank=source; ${tops.filter((key) => key !== '').join('; ')}}`);
  for (const child of box.children) lines.push(...drawBox(child));
  return [...lines, '}'];
}

/** A node in the box that an arrow can hold on to, since Graphviz knows no arrows of clusters. */
function entryOf(box: PlannedBox): string {
  if (box.children.length === 0) return box.key;
  return hasStart(box) ? startKey(box) : entryOf(box.children[0] as PlannedBox);
}

function exitOf(box: PlannedBox): string {
  const last = box.children.findLast(({ state }) => state.type !== 'final') ?? box.children.at(-1);
  return last === undefined ? box.key : exitOf(last);
}

function drawStarts(box: PlannedBox, boxes: ReadonlyMap<string, PlannedBox>): string[] {
  return box.state.initial.flatMap((path) => {
    const target = boxes.get(path);
    if (target === undefined) return [];
    const head = target.children.length > 0 ? `, lhead=${clusterKey(target)}` : '';
    const key = `${startKey(box)}_${target.key}`;
    return [`${startKey(box)} -> ${entryOf(target)} [id=${key}, weight=4${head}];`];
  });
}

/** Keys of boxes count upwards in the order of definition, which authors make that of the flow. */
const isBackwards = ({ from, to, inside }: PlannedArrow): boolean =>
  !inside && Number(to.key.slice(1)) < Number(from.key.slice(1));

/**
 * What leads back to an earlier state is told the other way round, with its head at its start:
 * so states stand below each other in the order of definition, whatever leads where.
 */
function drawArrow(arrow: PlannedArrow): string {
  const { key, from, to, inside, width, height } = arrow;
  const back = isBackwards(arrow);
  const options = [`id=${key}`];
  if (back) options.push('dir=back');
  if (arrow.label.length > 0) options.push(`label=${room(width, height)}`);
  if (to.children.length > 0) options.push(`${back ? 'ltail' : 'lhead'}=${clusterKey(to)}`);
  if (inside) return `${borderKey(from)} -> ${entryOf(to)} [${options.join(', ')}];`;
  if (from.children.length > 0) options.push(`${back ? 'lhead' : 'ltail'}=${clusterKey(from)}`);
  const way = back ? `${exitOf(to)} -> ${entryOf(from)}` : `${exitOf(from)} -> ${entryOf(to)}`;
  return `${way} [${options.join(', ')}];`;
}

/** Without arrows all children would stand in one row: they are told to stand in some. */
function drawRows({ children }: PlannedBox): string[] {
  const columns = Math.ceil(Math.sqrt(children.length));
  return children.slice(columns).map((box, index) => {
    const above = children[index] as PlannedBox;
    return `${exitOf(above)} -> ${entryOf(box)} [style=invis];`;
  });
}

export function drawDot({ root, boxes, arrows, hasArrows }: Plan, direction: Direction): string {
  const all = [...boxes.values()];
  return [
    'digraph {',
    `graph [rankdir=${direction}, compound=true, nodesep=0.2, ranksep=0.18, labeljust=l];`,
    'node [shape=box, fixedsize=true, label=""];',
    'edge [arrowhead=normal, arrowsize=0.7];',
    ...drawBox(root),
    ...all.flatMap((box) => drawStarts(box, boxes)),
    ...(hasArrows ? arrows.map(drawArrow) : all.flatMap(drawRows)),
    '}',
  ].join('\n');
}
