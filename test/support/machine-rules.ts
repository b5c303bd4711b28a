/** The house rules for machines, as a function from a chart to what is wrong with it. */
import {
  type Chart,
  type ChartAction,
  type ChartState,
  type ChartTransition,
  statesOf,
} from '../../lib/inspector/chart/read-chart.js';

const unnamed = (actions: readonly ChartAction[]): boolean =>
  actions.some(({ name }) => name === '');

function transitionProblems(transition: ChartTransition, chart: Chart): string[] {
  const problems: string[] = [];
  if (transition.description === '') problems.push('has no description');
  if (transition.guardUnnamed) problems.push('has an inline guard');
  if (unnamed(transition.actions)) problems.push('has an inline action');
  if (transition.event === '*') problems.push('swallows every event, failures of actors included');
  if (typeof transition.delay === 'number') problems.push('has a delay without a name');
  // XState fires a delay it does not know at once, without a word.
  if (typeof transition.delay === 'string' && !chart.delays.includes(transition.delay)) {
    problems.push(`waits for ${transition.delay}, which is not implemented`);
  }
  const guard = transition.guard === '' ? '' : ` [${transition.guard}]`;
  return problems.map((problem) => `transition ${transition.event}${guard} ${problem}`);
}

function stateProblems(state: ChartState, chart: Chart): string[] {
  const problems: string[] = [];
  if (state.description === '') problems.push('has no description');
  if (unnamed(state.entry)) problems.push('has an inline entry action');
  if (unnamed(state.exit)) problems.push('has an inline exit action');
  if (state.invokes.includes('')) problems.push('invokes inline logic');
  problems.push(
    ...state.transitions.flatMap((transition) => transitionProblems(transition, chart)),
  );
  return problems.map((problem) => `${chart.id} ${state.path || '(root)'}: ${problem}`);
}

export function machineProblems(chart: Chart): string[] {
  const problems = statesOf(chart.root).flatMap((state) => stateProblems(state, chart));
  const limit = chart.maxIterations;
  if (limit === undefined || !(limit > 0 && limit <= 10_000)) {
    problems.push(`${chart.id}: options.maxIterations is not set: an endless loop hangs the host`);
  }
  return problems;
}
