/**
 * What one frame to several threads costs the thread that sends it: copied by the port, copied and
 * handed over, or copied once into memory that all of them share. Printed; what the transport
 * relies on is asserted: a large frame is handed over sooner than the port copies it.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('what a frame to several threads costs');

const THREADS = 4;
const TOTAL_BYTES = 16 * 1024 * 1024;
const RUNS = 7;
const MIB = 1024 * 1024;

type Post = (threads: readonly Worker[], frame: Uint8Array) => void;

const WAYS: Readonly<Record<string, Post>> = {
  'copied by the port': (threads, frame) => {
    for (const thread of threads) thread.postMessage(frame);
  },
  'handed over': (threads, frame) => {
    for (const thread of threads) {
      const copy = frame.slice();
      thread.postMessage(copy, [copy.buffer]);
    }
  },
  shared: (threads, frame) => {
    const copy = new Uint8Array(new SharedArrayBuffer(frame.length));
    copy.set(frame);
    for (const thread of threads) thread.postMessage(copy);
  },
};

async function allRead(threads: readonly Worker[]): Promise<void> {
  const answers = threads.map((thread) => once(thread, 'message'));
  for (const thread of threads) thread.postMessage('end');
  await Promise.all(answers);
}

interface Cost {
  /** Microseconds of the sending thread for one frame. */
  readonly sendUs: number;
  /** Microseconds for one frame until all threads have read it. */
  readonly totalUs: number;
}

async function run(threads: readonly Worker[], frame: Uint8Array, post: Post): Promise<Cost> {
  const count = Math.min(2_000, TOTAL_BYTES / frame.length);
  const startedAtMs = performance.now();
  for (let number = 0; number < count; number += 1) post(threads, frame);
  const sendUs = ((performance.now() - startedAtMs) * 1000) / count;
  await allRead(threads);
  return { sendUs, totalUs: ((performance.now() - startedAtMs) * 1000) / count };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The medians of some runs of each way, in turn: others use the machine too. */
async function compare(threads: readonly Worker[], bytes: number): Promise<Map<string, Cost>> {
  const frame = new Uint8Array(bytes).fill(7);
  const runs = new Map<string, Cost[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let number = 0; number < RUNS; number += 1) {
    for (const [name, post] of Object.entries(WAYS)) {
      runs.get(name)?.push(await run(threads, frame, post));
    }
  }
  const medians = [...runs].map(([name, costs]): [string, Cost] => {
    const sendUs = median(costs.map((cost) => cost.sendUs));
    return [name, { sendUs, totalUs: median(costs.map((cost) => cost.totalUs)) }];
  });
  return new Map(medians);
}

test(`${THREADS} threads: a large frame is handed over sooner than copied by the port`, async () => {
  const url = new URL('../support/transfer-worker.js', import.meta.url);
  const threads = Array.from({ length: THREADS }, () => new Worker(url));
  try {
    await allRead(threads);
    const lines = [`  us for a frame to ${THREADS} threads: sending, until all have read it`];
    for (const bytes of [256, 4096, 16_384, 65_536, 262_144, MIB]) {
      const costs = await compare(threads, bytes);
      const cells = [...costs].map(
        ([name, { sendUs, totalUs }]) => `${name} ${sendUs.toFixed(0)} ${totalUs.toFixed(0)}`,
      );
      lines.push(`  ${String(bytes).padStart(8)} bytes: ${cells.join(', ')}`);
      const [copied, handedOver] = [...costs.values()].map(({ totalUs }) => totalUs);
      if (bytes === MIB) assert.ok(Number(handedOver) < Number(copied), cells.join());
    }
    console.log(lines.join('\n'));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
});

test.run();
