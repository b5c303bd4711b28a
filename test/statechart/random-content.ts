/** What random charts ask and do: guards, actions, delays, and the context they share. */
import { assign, cancel, raise } from 'xstate';
import type { Draw } from './draw.js';

export interface Counters {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export const EVENT_TYPES = ['E0', 'E1', 'E2', 'E3', 'E4'] as const;
const COUNTERS = ['a', 'b', 'c'] as const;
const DELAYS = ['short', 'long', 'drawn', '7'] as const;
/** Counters wrap, so that guards become true and false again. */
const WRAP = 5;
/** From here on a guard or assignment that may throw does. */
const EXPLODES_AT = 4;

interface Given {
  readonly context: Counters;
  readonly event: { readonly type: string; readonly size?: number };
}

interface Bump {
  readonly counter: keyof Counters;
  readonly by: number;
}

interface Limit {
  readonly counter: keyof Counters;
  readonly least: number;
}

const bumped = (context: Counters, { counter, by }: Bump) => ({
  [counter]: (context[counter] + by) % WRAP,
});

export class Explosion extends Error {}

export const implementations = {
  guards: {
    atLeast: ({ context }: Given, { counter, least }: Limit) => context[counter] >= least,
    isEven: ({ context, event }: Given) => (context.a + (event.size ?? 0)) % 2 === 0,
    isTruthy: ({ context }: Given) => context.b,
    explodes: ({ context }: Given) => {
      if (context.c === EXPLODES_AT) throw new Explosion('a guard');
      return context.c % 2 === 1;
    },
  },
  actions: {
    bump: assign(({ context }: Given, params: Bump) => bumped(context, params)),
    explode: assign(({ context }: Given) => {
      if (context.c === EXPLODES_AT) throw new Explosion('an assignment');
      return { c: context.c + 1 };
    }),
    raiseNamed: raise({ type: 'E2' }),
  },
  delays: {
    short: 3,
    // Long enough that actions which raise each other later do not fill a whole test.
    late: 31,
    later: ({ context }: Given) => 40 + context.a,
    long: ({ context }: Given) => 10 + context.a,
    drawn: ({ context, event }: Given) => 1 + context.b + (event.size ?? 0),
  },
};

export function randomGuard(draw: Draw): unknown {
  const counter = draw.pick(COUNTERS);
  const least = 1 + draw.below(WRAP - 1);
  if (draw.chance(0.03)) return 'explodes';
  switch (draw.below(6)) {
    case 0:
      return 'isEven';
    case 1:
      return { type: 'isTruthy' };
    case 2:
      return ({ context }: Given) => context[counter] < least;
    case 3:
      return {
        type: 'atLeast',
        params: ({ context }: Given) => ({ counter, least: context.b }),
      };
    default:
      return { type: 'atLeast', params: { counter, least } };
  }
}

function randomAssign(draw: Draw): unknown {
  const counter = draw.pick(COUNTERS);
  const by = 1 + draw.below(3);
  if (draw.chance(0.05)) return 'explode';
  switch (draw.below(4)) {
    case 0:
      return assign(({ context }: Given) => bumped(context, { counter, by }));
    case 1:
      return assign({ [counter]: ({ context }: Given) => (context.a + by) % WRAP, c: by } as never);
    case 2:
      return { type: 'bump', params: ({ event }: Given) => ({ counter, by: event.size ?? by }) };
    default:
      return { type: 'bump', params: { counter, by } };
  }
}

function randomRaise(draw: Draw): unknown {
  const type = draw.pick(EVENT_TYPES);
  switch (draw.below(5)) {
    case 0:
      return 'raiseNamed';
    case 1:
      return raise(({ context }: Given) => ({ type, size: context.a }));
    case 2:
      return raise({ type }, { id: 'later', delay: draw.pick(['late', 'later']) as never });
    case 3:
      return cancel('later');
    default:
      return raise({ type, size: 1 } as never);
  }
}

/** Effects of no implementation: a scope or `effects` hears of them, nothing else happens. */
function randomEffect(draw: Draw, place: string): unknown {
  const named = function named(): void {};
  switch (draw.below(6)) {
    case 0:
      return named;
    case 1:
      // An arrow function within a list has no name.
      return [() => {}][0];
    case 2:
      return { type: 'tell', params: { place } };
    case 3:
      return 'send';
    default:
      return { type: 'tell', params: ({ context, event }: Given) => ({ place, context, event }) };
  }
}

export function randomActions(draw: Draw, place: string, max = 3): unknown[] {
  return draw.several(max, () => {
    if (draw.chance(0.35)) return randomAssign(draw);
    return draw.chance(0.08) ? randomRaise(draw) : randomEffect(draw, place);
  });
}

export const randomDelay = (draw: Draw): string => draw.pick(DELAYS);
