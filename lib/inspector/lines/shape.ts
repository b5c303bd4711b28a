/** Shapes of what came from elsewhere: each says where a value is not as it should be. */

/** Null when the value is fine, else the path of the part that is not, and what it should be. */
export type Shape = (value: unknown) => string | null;

/** Of what a `Date` can hold. */
const LAST_MS = 8.64e15;

function check(test: (value: unknown) => boolean, wanted: string): Shape {
  return (value) => (test(value) ? null : ` is not ${wanted}`);
}

export const anything: Shape = () => null;
export const text = check((value) => typeof value === 'string', 'a text');
export const finite = check((value) => Number.isFinite(value), 'a number');
/** Ages and timeouts can be unbounded. */
export const number = check((value) => typeof value === 'number', 'a number');
/** How many there are of something. */
export const count = check((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a count');
/** Milliseconds since 1970 of a moment that a calendar has. */
export const moment = check((value) => {
  return Number.isFinite(value) && Number(value) >= 0 && Number(value) <= LAST_MS;
}, 'a moment');
export const flag = check((value) => typeof value === 'boolean', 'true or false');

export function oneOf(...words: readonly unknown[]): Shape {
  return check((value) => words.includes(value), `one of ${words.join(', ')}`);
}

export function orNull(inner: Shape): Shape {
  return (value) => (value === null ? null : inner(value));
}

/** May be left out. */
export function maybe(inner: Shape): Shape {
  return (value) => (value === undefined ? null : inner(value));
}

/** The first of these that fits. */
export function either(...shapes: readonly Shape[]): Shape {
  return (value) => {
    let problem: string | null = null;
    for (const shape of shapes) {
      problem = shape(value);
      if (problem === null) return null;
    }
    return problem;
  };
}

export function listOf(inner: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return ' is not a list';
    for (let index = 0; index < value.length; index += 1) {
      const problem = inner(value[index]);
      if (problem !== null) return `[${index}]${problem}`;
    }
    return null;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

export function recordOf(inner: Shape): Shape {
  return (value) => {
    if (!isRecord(value)) return ' is not an object';
    for (const key of Object.keys(value)) {
      const problem = inner(value[key]);
      if (problem !== null) return `.${key}${problem}`;
    }
    return null;
  };
}

/** At least these fields; others may be there. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(shapes);
  return (value) => {
    if (!isRecord(value)) return ' is not an object';
    for (const [key, shape] of entries) {
      const problem = shape(Object.hasOwn(value, key) ? value[key] : undefined);
      if (problem !== null) return `.${key}${problem}`;
    }
    return null;
  };
}

/** For shapes that contain themselves. */
export function later(shape: () => Shape): Shape {
  return (value) => shape()(value);
}
