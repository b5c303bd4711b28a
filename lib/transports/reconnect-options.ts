/** How a slave's transport tries again: alike in each of them (P18). */
import { functionOption, integerOption, type OptionChecks } from '../options.js';
import type { Random } from '../runtime/random.js';

export interface ReconnectOptions {
  /** Milliseconds: the bound of the first delay before it tries again; doubles. @default 50 */
  readonly reconnectMsMin?: number;
  /** Milliseconds: the bound no such delay exceeds. @default 2000 */
  readonly reconnectMsMax?: number;
  /** Where the jitter comes from: numbers from 0 up to 1. @default Math.random */
  readonly random?: Random;
}

export const reconnectChecks: OptionChecks = {
  reconnectMsMin: integerOption(1),
  reconnectMsMax: integerOption(1),
  random: functionOption,
};
