/** Every transition as a row: what a chart shows, for those who cannot see it or rather read. */
import type { VNode } from 'preact';
import { effectsOf, stateName, targetsOf } from './drawing/words.js';
import { type Chart, type ChartTransition, statesOf } from './read-chart.js';

export interface ChartTableProps {
  readonly chart: Chart;
  /** Paths of the active states: what can happen in them comes first. */
  readonly active: ReadonlySet<string>;
  readonly taken: readonly string[];
}

const COLUMNS = ['From', 'Event', 'If', 'To', 'Effects', 'Why'];

/** In order of definition, the possible ones first; of these the innermost state's first. */
export function sortedTransitions(
  chart: Chart,
  active: ReadonlySet<string>,
): readonly ChartTransition[] {
  const all = statesOf(chart.root).flatMap(({ transitions }) => transitions);
  const depth = ({ source }: ChartTransition): number =>
    source === '' ? 0 : source.split('.').length;
  const possible = all.filter(({ source }) => active.has(source));
  const rest = all.filter(({ source }) => !active.has(source));
  return [...possible.sort((one, other) => depth(other) - depth(one)), ...rest];
}

export function ChartTable({ chart, active, taken }: ChartTableProps): VNode {
  const marked = new Set(taken);
  return (
    <table class="chart-table">
      <caption>
        Transitions of {chart.id}; those of the active states come first, the last taken is marked.
      </caption>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th scope="col" key={column}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sortedTransitions(chart, active).map((transition) => (
          <tr
            key={transition.id}
            data-possible={String(active.has(transition.source))}
            data-taken={String(marked.has(transition.id))}
          >
            <td>{stateName(transition.source)}</td>
            <td>{transition.event}</td>
            <td>{transition.guard}</td>
            <td>{targetsOf(transition)}</td>
            <td>{effectsOf(transition)}</td>
            <td>{transition.description}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
