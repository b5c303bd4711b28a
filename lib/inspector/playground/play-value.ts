/** The data of the playground: small enough to be read on every node at a glance. */

export interface PlayValue {
  /** One of `COLOURS`. */
  readonly colour: string;
  /** Number of the change that made it; 0 is what the master began with. */
  readonly number: number;
}

/** Words, so that nobody depends on seeing the difference. */
export const COLOURS = [
  'amber',
  'teal',
  'rose',
  'indigo',
  'lime',
  'cyan',
  'plum',
  'coral',
] as const;

export function playValue(number: number): PlayValue {
  return { colour: COLOURS[number % COLOURS.length] ?? COLOURS[0], number };
}
