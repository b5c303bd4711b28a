/** Takes whatever comes, and answers the word `end`. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', (message: unknown) => {
  if (message === 'end') parentPort?.postMessage(message);
});
