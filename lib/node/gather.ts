/** Collects the answers to one question, with the patience that `AskLimits` says. */
import type { Clock } from '../runtime/clock.js';
import type { AskLimits } from './lease.js';

export interface Gathered {
  /** Takes one answer; late ones are dropped. */
  add(answer: unknown): void;
  readonly answers: Promise<readonly unknown[]>;
}

export function gather(clock: Clock, { timeoutMs, all, most, graceMs }: AskLimits): Gathered {
  const answers: unknown[] = [];
  let add: (answer: unknown) => void = () => {};
  const gathered = new Promise<readonly unknown[]>((resolve) => {
    if (all === 0) return resolve(answers);
    const timers: unknown[] = [];
    const end = () => {
      for (const timer of timers) clock.clearTimeout(timer);
      add = () => {};
      resolve(answers);
    };
    timers.push(clock.setTimeout(end, timeoutMs));
    add = (answer) => {
      answers.push(answer);
      if (answers.length >= all) end();
      else if (answers.length === most) timers.push(clock.setTimeout(end, graceMs));
    };
    if (most === 0) timers.push(clock.setTimeout(end, graceMs));
    return undefined;
  });
  return { add: (answer) => add(answer), answers: gathered };
}
