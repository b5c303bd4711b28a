/** Random events for a random chart, on both sides. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { Stimulus } from './actor-log.js';
import type { Draw } from './draw.js';
import { EVENT_TYPES } from './random-content.js';
import { type Difference, SideBySide } from './side-by-side.js';

/** Events that XState itself takes specially, and one that nobody takes. */
const ODD_TYPES = ['nobody', '*', 'xstate.init', 'xstate.stop', 'xstate.error.actor.gone', ''];

function randomEvent(draw: Draw, snapshot: AnyMachineSnapshot): AnyEventObject {
  if (draw.chance(0.03)) return { type: draw.pick(ODD_TYPES), error: 'odd' };
  const timers = snapshot._nodes.flatMap(({ after }: AnyStateNode) => after);
  if (timers.length > 0 && draw.chance(0.25)) return { type: String(draw.pick(timers).eventType) };
  const type = draw.pick(EVENT_TYPES);
  return draw.chance(0.5) ? { type } : { type, size: draw.below(4) };
}

/** A chart that never settles makes hundreds of actions per event, and shows little more. */
const FAILURES_MAX = 3;

export interface WalkFigures {
  readonly steps: number;
  readonly difference: Difference | null;
}

/** Walks until the steps are used up or the sides differ; a chart that is over starts again. */
export function walk(
  machine: AnyStateMachine,
  made: AnyStateMachine,
  draw: Draw,
  stepsMax: number,
): WalkFigures {
  let sides = new SideBySide(machine, made);
  let steps = 0;
  let failures = 0;
  while (steps < stepsMax && failures < FAILURES_MAX && sides.difference === null) {
    if (sides.hasFailed) failures += 1;
    const { status, value, context } = sides.snapshot;
    if (status !== 'active' && draw.chance(0.5)) sides = new SideBySide(machine, made);
    else if (draw.chance(0.02)) sides.resolve(value, context);
    else sides.step(randomEvent(draw, sides.snapshot));
    steps += 1;
  }
  return { steps, difference: sides.difference };
}

/** The life of an actor: events, time, and now and then an early end. */
export function randomStimuli(draw: Draw, count: number): readonly Stimulus[] {
  return Array.from({ length: count }, (): Stimulus => {
    if (draw.chance(0.02)) return { kind: 'stop' };
    if (draw.chance(0.4)) return { kind: 'pass', ms: draw.below(9) };
    const type = draw.pick(EVENT_TYPES);
    return { kind: 'send', event: draw.chance(0.5) ? { type } : { type, size: draw.below(4) } };
  });
}
