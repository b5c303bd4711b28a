/** States and transitions in words: for tooltips, screen readers and the list beside a chart. */
import type { ChartAction, ChartState, ChartTransition } from '../read-chart.js';

const namesOf = (actions: readonly ChartAction[]): string =>
  actions.map(({ name }) => name || 'unnamed action').join(', ');

export const stateName = (path: string): string => (path === '' ? 'any state' : path);

/** `ack [isKnown]`, in whole. */
export function triggerOf({ event, guard }: ChartTransition): string {
  return guard === '' ? event : `${event} [${guard}]`;
}

export function targetsOf({ targets }: ChartTransition): string {
  return targets.length === 0 ? 'stays' : targets.map(stateName).join(', ');
}

export const effectsOf = ({ actions }: ChartTransition): string => namesOf(actions);

/** One line, then its effects and why it is there. */
export function transitionInWords(transition: ChartTransition): string {
  const { source, targets, actions, description } = transition;
  const way = targets.length === 0 ? `in ${stateName(source)}` : `to ${targetsOf(transition)}`;
  const effects = actions.length === 0 ? '' : `\nEffects: ${effectsOf(transition)}`;
  const why = description === '' ? '' : `\n${description}`;
  return `${triggerOf(transition)}, ${way}${effects}${why}`;
}

export function stateInWords(state: ChartState): string {
  const kind = state.type === 'atomic' ? '' : ` (${state.type})`;
  const lines = [`${stateName(state.path)}${kind}`];
  if (state.description !== '') lines.push(state.description);
  if (state.entry.length > 0) lines.push(`On entry: ${namesOf(state.entry)}`);
  if (state.exit.length > 0) lines.push(`On exit: ${namesOf(state.exit)}`);
  const runs = state.invokes.map((name) => name || 'unnamed actor');
  if (runs.length > 0) lines.push(`Runs: ${runs.join(', ')}`);
  return lines.join('\n');
}
