/** What a message says to the eye: a colour by what it does to the round it belongs to. */
import type { Flight } from './flights.js';

export type Tone = 'news' | 'joining' | 'copying' | 'preparing' | 'committing' | 'bad' | 'doubt';

export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  news: 'announce, ack',
  joining: 'hello, welcome',
  copying: 'request, delta, snapshot',
  preparing: 'prepare, vote yes',
  committing: 'commit, and its ack',
  bad: 'vote no, abort, refused',
  doubt: 'inquire, outcome',
};

const TONES: Readonly<Record<Flight['kind'], Tone>> = {
  announce: 'news',
  ack: 'news',
  below: 'news',
  hello: 'joining',
  welcome: 'joining',
  goodbye: 'joining',
  request: 'copying',
  delta: 'copying',
  snapshot: 'copying',
  prepare: 'preparing',
  vote: 'preparing',
  commit: 'committing',
  abort: 'bad',
  refused: 'bad',
  inquire: 'doubt',
  outcome: 'doubt',
};

export function toneOf({ kind, round, isBad }: Pick<Flight, 'kind' | 'round' | 'isBad'>): Tone {
  if (isBad) return 'bad';
  // An ack that names a round confirms what was committed.
  return kind === 'ack' && round !== null ? 'committing' : TONES[kind];
}
