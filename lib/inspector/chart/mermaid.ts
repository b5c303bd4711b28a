/** A chart as a Mermaid state diagram. Transitions that stay where they are go to the tables. */
import { type Chart, type ChartState, type ChartTransition, statesOf } from './read-chart.js';

/** Mermaid reads words such as `end` and `state` as its own, so every id gets a prefix. */
const idOf = (path: string): string => `s_${path.replaceAll(/[^A-Za-z0-9]/g, '_')}`;

/** Characters that would end a Mermaid label early. */
const escapeLabel = (text: string): string =>
  text.replaceAll('#', '#35;').replaceAll(';', '#59;').replaceAll(':', '#58;');

function labelOf({ event, guard }: ChartTransition): string {
  return escapeLabel(guard === '' ? event : `${event} [${guard}]`);
}

function drawState(state: ChartState, indent: string): string[] {
  if (state.children.length === 0) return [`${indent}state "${state.key}" as ${idOf(state.path)}`];
  return [
    `${indent}state "${state.key}" as ${idOf(state.path)} {`,
    ...drawInside(state, `${indent}  `),
    `${indent}}`,
  ];
}

function drawInside(state: ChartState, indent: string): string[] {
  const lines: string[] = [];
  for (const target of state.initial) lines.push(`${indent}[*] --> ${idOf(target)}`);
  for (const [index, child] of state.children.entries()) {
    if (state.type === 'parallel' && index > 0) lines.push(`${indent}--`);
    lines.push(...drawState(child, indent));
    if (child.type === 'final') lines.push(`${indent}${idOf(child.path)} --> [*]`);
  }
  return lines;
}

/** The root has no box of its own, so its transitions start at each of its children. */
function sourcesOf(chart: Chart, transition: ChartTransition): readonly string[] {
  if (transition.source !== '') return [transition.source];
  return chart.root.children.filter(({ type }) => type !== 'final').map(({ path }) => path);
}

function drawTransition(chart: Chart, transition: ChartTransition): string[] {
  const label = labelOf(transition);
  return sourcesOf(chart, transition).flatMap((source) =>
    transition.targets.map((target) => `  ${idOf(source)} --> ${idOf(target)}: ${label}`),
  );
}

export function drawMermaid(chart: Chart): string {
  const transitions = statesOf(chart.root).flatMap((state) => state.transitions);
  const drawn = transitions.flatMap((transition) => drawTransition(chart, transition));
  return ['stateDiagram-v2', ...drawInside(chart.root, '  '), ...new Set(drawn)].join('\n');
}
