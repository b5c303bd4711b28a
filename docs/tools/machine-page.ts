/** The page of one machine: its diagram, its states, its transitions, and who handles what. */
import { drawMermaid } from '../../lib/inspector/chart/mermaid.js';
import {
  type Chart,
  type ChartState,
  type ChartTransition,
  statesOf,
} from '../../lib/inspector/chart/read-chart.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

const nameOf = (path: string): string => (path === '' ? '(anywhere)' : path);

const actionsOf = (actions: ChartState['entry']): string =>
  actions.map(({ name }) => code(name)).join(', ');

function stateTable(states: readonly ChartState[]): string {
  const rows = states.map((state) => [
    code(state.path),
    state.type,
    state.description,
    actionsOf(state.entry),
    actionsOf(state.exit),
    state.invokes.map(code).join(', '),
  ]);
  return table(['State', 'Kind', 'Meaning', 'On entry', 'On exit', 'Runs'], rows);
}

function targetOf({ targets }: ChartTransition): string {
  return targets.length === 0 ? 'stays' : targets.map(code).join(', ');
}

function transitionTable(states: readonly ChartState[]): string {
  const rows = states
    .flatMap((state) => state.transitions)
    .map((transition) => [
      code(nameOf(transition.source)),
      code(transition.event),
      code(transition.guard),
      targetOf(transition),
      actionsOf(transition.actions),
      transition.description,
    ]);
  return table(['From', 'Event', 'If', 'To', 'Effects', 'Why'], rows);
}

/** What a state does on an event: its own transitions, or else those of its nearest ancestor. */
function reaction(
  event: string,
  state: ChartState,
  byPath: ReadonlyMap<string, ChartState>,
): string {
  let path: string | undefined = state.path;
  while (path !== undefined) {
    const own = byPath.get(path)?.transitions.filter((transition) => transition.event === event);
    if (own !== undefined && own.length > 0) {
      const moves = new Set(own.flatMap(({ targets }) => targets));
      return moves.size === 0 ? 'stays' : [...moves].map(code).join(', ');
    }
    const cut: number = path.lastIndexOf('.');
    path = path === '' ? undefined : path.slice(0, Math.max(cut, 0));
  }
  return '';
}

function eventTable(states: readonly ChartState[]): string {
  const byPath = new Map(states.map((state) => [state.path, state]));
  const leaves = states.filter((state) => state.children.length === 0 && state.type !== 'final');
  const handled = states.flatMap((state) => state.transitions).filter((t) => t.kind === 'event');
  const events = [...new Set(handled.map(({ event }) => event))].sort();
  const rows = events.map((event) => [
    code(event),
    ...leaves.map((leaf) => reaction(event, leaf, byPath)),
  ]);
  return table(['Event', ...leaves.map(({ path }) => code(path))], rows);
}

/** The whole page as Markdown. */
export function drawPage(name: string, exportName: string, chart: Chart): string {
  const states = statesOf(chart.root).filter(({ path }) => path !== '');
  return `# The ${name} machine

<!-- Generated from machines/ by \`npm run diagrams\`; do not edit. A test holds it current. -->

${chart.description}

Exported as \`${exportName}\` from \`replichart/machines\`. Rule numbers (P1 to P22) refer to the
[protocol](../protocol.md).

![Statechart of the ${name} machine](${name}.svg)

An arrow from the border of a group stands for a transition of the group itself, into one of its
own states. Small text in a box: what the state does without leaving (\`ack\`), what enters it anew
(\`→ again\`), and ways to states that many lead to (\`stop → stopped\`). Dashed boxes are regions,
which run side by side. Opened as a file, the drawing tells about whatever the pointer is on.

<details><summary>The same as a Mermaid diagram</summary>

\`\`\`mermaid
${drawMermaid(chart)}
\`\`\`

</details>

## States

${stateTable(states)}

## Transitions

Every transition in order of definition; of several on one event the first whose condition holds
is taken. "stays" means that no state is left.

${transitionTable(statesOf(chart.root))}

## Events by state

Where each event may lead in each state that has no states inside. An empty cell means that the
event is ignored there.

${eventTable(statesOf(chart.root))}
`;
}
