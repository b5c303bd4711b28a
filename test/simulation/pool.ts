/** Seeds on several threads: each takes the next one when it is done with its last. */
import { Worker } from 'node:worker_threads';
import type { SeedResult, SeedRun } from './run-seed.js';

type Answer = { readonly result: SeedResult } | { readonly seed: number; readonly error: unknown };

export interface PoolOptions {
  readonly workers: number;
  /** The next run, or null when there is none any more. */
  readonly next: () => SeedRun | null;
  readonly done: (result: SeedResult) => void;
}

function work(next: () => SeedRun | null, done: (result: SeedResult) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const feed = () => {
      const run = next();
      if (run !== null) worker.postMessage(run);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) {
        reject(new Error(`seed ${answer.seed} broke the simulator: ${String(answer.error)}`));
        void worker.terminate();
        return;
      }
      done(answer.result);
      feed();
    });
    worker.on('error', reject);
    feed();
  });
}

export async function runPool({ workers, next, done }: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => work(next, done)));
}
