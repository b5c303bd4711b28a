/** Changes and user layers that many tests of the service need. */
import { Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import type { Tree } from './service-rules.js';

export const TWO_PHASE = { method: 'two-phase' } as const;

export function setter(key: string, value: number | string = 1) {
  return (draft: Tree): void => {
    draft[key] = value;
  };
}

/** Vetoes every tree that has one of these keys. */
export function refusing(...keys: readonly string[]) {
  return document<Tree>(
    {},
    {
      prepare(next) {
        const bad = keys.find((key) => key in next);
        if (bad !== undefined) throw new Veto(`${bad} is not wanted here`);
      },
    },
  );
}

/** Never answers a prepare that brings this key. */
export function slow(key: string) {
  return document<Tree>(
    {},
    { prepare: (next) => (key in next ? new Promise<void>(() => {}) : undefined) },
  );
}

/** How long a call takes; undefined for no time at all. */
export type Wait = () => Promise<void> | undefined;

type Call = (...given: never[]) => unknown;

/** The same layer, whose calls of these names each wait first. */
export function slowly<Layer extends object>(
  layer: Layer,
  names: readonly string[],
  wait: Wait,
): Layer {
  for (const name of names) {
    const call: unknown = Reflect.get(layer, name);
    if (typeof call !== 'function') continue;
    const slow: Call = async (...given) => {
      await wait();
      return (call as Call).apply(layer, given);
    };
    Reflect.set(layer, name, slow);
  }
  return layer;
}
