/** Judges images in processes of their own: a crash of one is a finding, not the end. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JudgeAnswer, JudgeOrder, Range } from './judge-process.js';
import type { Figures } from './tally.js';

const ENTRY = fileURLToPath(new URL('./judge-process.js', import.meta.url));
/** Images per message: small enough for steady progress. */
const RANGE_IMAGES = 50;

export interface PoolOptions extends Omit<JudgeOrder, 'folder' | 'marker'> {
  readonly processes: number;
  /** Where the processes lay out images; one folder each. */
  readonly folder: string;
  readonly numbers: Range;
  readonly onFigures: (figures: Figures) => void;
  /** Asked between ranges; false ends the check early. */
  readonly goesOn?: () => boolean;
}

class Worker {
  readonly #options: PoolOptions;
  readonly #marker: string;
  readonly #name: string;
  #child: ChildProcess | undefined;

  constructor(options: PoolOptions, name: string) {
    this.#options = options;
    this.#name = name;
    this.#marker = join(options.folder, `${name}.at`);
  }

  /** Judges a range; an image that ends the process is a violation, the rest goes on after it. */
  async run({ from, to }: Range): Promise<void> {
    let next = from;
    while (next < to) {
      this.#child ??= await this.#start();
      const answer = await this.#ask(this.#child, { from: next, to });
      if (answer !== null && 'figures' in answer) {
        this.#options.onFigures(answer.figures);
        return;
      }
      this.#child = undefined;
      const died = Number(readFileSync(this.#marker, 'utf8'));
      const wrong = 'the process that opened it died';
      const violation = { number: died, kind: 'crash', where: 'see its number', wrong };
      this.#options.onFigures({ counts: {}, violations: [{ ...violation, isLoss: false }] });
      // What was judged in this range before it died is judged again, so that it is counted.
      if (died > next) await this.run({ from: next, to: died });
      next = died + 1;
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(ENTRY, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const { evidence, seed, scale, bug, folder } = this.#options;
    const order = {
      evidence,
      seed,
      scale,
      bug,
      folder: join(folder, this.#name),
      marker: this.#marker,
    };
    const answer = await this.#ask(child, order);
    if (answer === null) throw new Error('a judging process did not start; see its output above');
    return child;
  }

  #ask(child: ChildProcess, message: JudgeOrder | Range): Promise<JudgeAnswer | null> {
    return new Promise((resolve) => {
      const ended = () => resolve(null);
      child.once('exit', ended);
      child.once('message', (answer) => {
        child.off('exit', ended);
        resolve(answer as JudgeAnswer);
      });
      child.send(message);
    });
  }
}

export async function judgeAll(options: PoolOptions): Promise<void> {
  let next = options.numbers.from;
  const take = (): Range | null => {
    if (next >= options.numbers.to || options.goesOn?.() === false) return null;
    const range = { from: next, to: Math.min(options.numbers.to, next + RANGE_IMAGES) };
    next = range.to;
    return range;
  };
  const work = async (name: string): Promise<void> => {
    const worker = new Worker(options, name);
    try {
      for (let range = take(); range !== null; range = take()) await worker.run(range);
    } finally {
      await worker.stop();
    }
  };
  const names = Array.from({ length: options.processes }, (_, index) => `judge-${index}`);
  await Promise.all(names.map(work));
}
