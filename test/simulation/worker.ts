/** A thread that runs the seeds it is sent, one after the other. */
import { parentPort } from 'node:worker_threads';
import { runSeed, type SeedRun } from './run-seed.js';

const port = parentPort;
if (port === null) throw new Error('worker.js is started by pool.js, as a thread');
port.on('message', (run: SeedRun) => {
  runSeed(run).then(
    (result) => port.postMessage({ result }),
    (error: unknown) =>
      port.postMessage({ seed: run.seed, error: error instanceof Error ? error.stack : error }),
  );
});
