/** Fresh names: of lineages, incarnations, rounds, builds and tasks. */
import { nanoid } from 'nanoid';
import { type Random, seededRandom } from './random.js';

/** Answers a name that was never given out before, in any process: 1 to 200 characters. */
export type IdSource = () => string;

export const systemIds: IdSource = () => nanoid();

const ID_LENGTH = 21;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Ids of a simulation: the same seed and stream give the same ids, so that a run can be repeated
 * to the byte. Two streams of one seed never share an id but by the chance that nanoid has too.
 */
export function seededIds(seed: string | number, stream: string): IdSource {
  const random: Random = seededRandom(seed, `ids ${stream}`);
  const letter = () => LETTERS[Math.floor(random() * LETTERS.length)] as string;
  return () => Array.from({ length: ID_LENGTH }, letter).join('');
}
