/** Jobs handed to threads, each thread one at a time; a thread that dies fails its job. */
import { Worker } from 'node:worker_threads';
import type { Job } from './arguments.js';
import type { Told } from './worker.js';

const HEAP_MB_MAX = 6000;

/** Resolves once every job is reported or failed; `told` hears of all of it. */
export async function runJobs(
  jobs: readonly Job[],
  workers: number,
  told: (told: Told) => void,
): Promise<void> {
  const queue = [...jobs];
  const lanes = Array.from({ length: Math.min(workers, jobs.length) }, () => runLane(queue, told));
  await Promise.all(lanes);
}

async function runLane(queue: Job[], told: (told: Told) => void): Promise<void> {
  while (queue.length > 0) await runThread(queue, told);
}

/** Until the queue is empty or the thread is gone. */
function runThread(queue: Job[], told: (told: Told) => void): Promise<void> {
  const thread = new Worker(new URL('./worker.js', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  let job: Job | undefined;
  const next = () => {
    job = queue.shift();
    if (job === undefined) void thread.terminate();
    else thread.postMessage(job);
  };
  return new Promise((resolve) => {
    thread.on('message', (heard: Told) => {
      told(heard);
      if (heard.kind !== 'progress') next();
    });
    thread.on('error', (error) => {
      if (job !== undefined) told({ kind: 'failed', job, reason: String(error) });
      job = undefined;
    });
    thread.on('exit', () => resolve());
    next();
  });
}
