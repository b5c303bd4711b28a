/** The published transport suite over message ports, and over the channel of a process. */
import { suite } from 'uvu';
import { transportSuite } from '../../lib/testing/index.js';
import {
  type Ends,
  portEnds,
  processEnds,
  type WorkerPairOptions,
  workerPair,
} from '../support/worker-pairs.js';

const small = { highWaterBytes: 200_000, frameBytesMax: 100_000, outboundBytesMax: 2_000_000 };

function runOnPorts(name: string, options: WorkerPairOptions): void {
  const test = suite(`transport suite: ${name}`);
  transportSuite({ test, deadlineMs: 30_000, factory: () => workerPair(portEnds(), options) });
  test.run();
}

function runOnProcess(): void {
  const test = suite('transport suite: worker, processes');
  let ends: Ends;
  test.before(async () => {
    ends = await processEnds();
  });
  test.after(() => ends.close());
  // One process for all tests: each takes ends of its own, and leaves the process to the next.
  const factory = () => workerPair({ open: () => ends.open(), close: async () => undefined });
  transportSuite({ test, deadlineMs: 30_000, factory });
  test.run();
}

runOnPorts('worker, message ports', {});
runOnPorts('worker, message ports, small windows', { listen: small, connect: small });
runOnProcess();
