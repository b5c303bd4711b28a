/** The loads that a master is put under; the same code for every contestant. */
import type { MasterSide } from '../contestants/contract.js';
import { keysOf, type Values } from '../values.js';
import { type CommitPlan, END_KEY, type LoadPlan, nowUs } from './messages.js';

/** As an application with much to do: so many updates before the event loop turns. */
const UPDATES_PER_TURN = 256;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export interface Load {
  readonly master: MasterSide;
  readonly values: Values;
}

/** W1: updates as fast as the contestant takes them. */
export async function runLoad({ master, values }: Load, plan: LoadPlan) {
  const { updates, firstSequence } = plan;
  const perTurn = plan.updatesPerTurn ?? UPDATES_PER_TURN;
  const keys = keysOf(plan.keys);
  const startUs = nowUs();
  for (let done = 0; done < updates; ) {
    const turnEnd = Math.min(done + perTurn, updates);
    for (; done < turnEnd; done += 1) {
      const key = done === updates - 1 ? END_KEY : (keys[done % keys.length] as string);
      master.put(key, values.make(firstSequence + done));
    }
    const pressure = master.pressure();
    if (pressure !== null) await pressure;
    else await nextTurn();
  }
  if (master.settled === undefined) return { startUs, settledUs: null };
  await master.settled();
  return { startUs, settledUs: nowUs() };
}

/** W1b: one update now and then, each when the one before is long done. */
export async function runPulse(load: Load, plan: LoadPlan & { readonly intervalMs: number }) {
  const { master, values } = load;
  const startsUs: number[] = [];
  for (let done = 0; done < plan.updates; done += 1) {
    await pause(plan.intervalMs);
    const value = values.make(plan.firstSequence + done);
    startsUs.push(nowUs());
    master.put(END_KEY, value);
    await master.pressure();
  }
  return { startsUs };
}

/** W2: `writers` loops, each awaiting its update before the next. */
export async function runCommits({ master, values }: Load, plan: CommitPlan) {
  const { commit } = master;
  if (commit === undefined) throw new Error('this contestant acknowledges nothing');
  const keys = keysOf(plan.keys);
  const samplesUs: number[] = [];
  let begun = 0;
  const writer = async (): Promise<void> => {
    while (begun < plan.updates) {
      const place = begun;
      begun += 1;
      const value = values.make(plan.firstSequence + place);
      const beforeUs = nowUs();
      await commit.call(master, keys[place % keys.length] as string, value, plan.until);
      samplesUs.push(nowUs() - beforeUs);
    }
  };
  const startUs = nowUs();
  await Promise.all(Array.from({ length: plan.writers }, writer));
  return { elapsedUs: nowUs() - startUs, samplesUs };
}
