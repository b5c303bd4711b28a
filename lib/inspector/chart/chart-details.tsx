/** What is known of the state or the arrow under the pointer or with the focus. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { About } from './drawing/chart-canvas.js';
import { stateInWords, transitionInWords } from './drawing/words.js';
import { type Chart, type ChartState, type ChartTransition, statesOf } from './read-chart.js';

export interface ChartDetailsProps {
  readonly chart: Chart;
  readonly about: About | null;
}

interface Known {
  readonly states: ReadonlyMap<string, ChartState>;
  readonly transitions: ReadonlyMap<string, ChartTransition>;
}

function knownOf(chart: Chart): Known {
  const states = statesOf(chart.root);
  const transitions = states.flatMap((state) => state.transitions);
  return {
    states: new Map(states.map((state) => [state.path, state])),
    transitions: new Map(transitions.map((transition) => [transition.id, transition])),
  };
}

function paragraphsOf({ states, transitions }: Known, about: About | null): readonly string[] {
  if (about === null) return [];
  const state = about.state === undefined ? undefined : states.get(about.state);
  const shown =
    state?.transitions ?? (about.transitions ?? []).flatMap((id) => transitions.get(id) ?? []);
  return [...(state === undefined ? [] : [stateInWords(state)]), ...shown.map(transitionInWords)];
}

export function ChartDetails({ chart, about }: ChartDetailsProps): VNode {
  const known = useMemo(() => knownOf(chart), [chart]);
  const paragraphs = paragraphsOf(known, about);
  return (
    <div class="chart-details" aria-live="polite">
      {paragraphs.length === 0 ? (
        <p>Point at a state or an arrow, or move the focus to a state, to read about it.</p>
      ) : (
        paragraphs.map((paragraph) => <p key={paragraph}>{paragraph}</p>)
      )}
    </div>
  );
}
