/** What inputs cost: time of the processor for each, memory for all. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Target } from './target.js';

/** No input may cost more for each 64 KiB begun. */
export const CPU_MS_MAX = 50;
const CPU_UNIT_BYTES = 64 * 1024;
const REMEASURED = 3;
const MEBIBYTE = 1024 * 1024;

export function allowedMs(input: Uint8Array): number {
  return CPU_MS_MAX * Math.max(1, Math.ceil(input.length / CPU_UNIT_BYTES));
}

async function cpuMs(target: Target, input: Uint8Array): Promise<number> {
  const before = process.cpuUsage();
  try {
    await target.read(input);
  } catch {
    // What it throws was judged when it was read first.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of several measurements: a collection of garbage, or a busy machine, is no finding. */
export async function leastCpuMs(target: Target, input: Uint8Array): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < REMEASURED; time += 1) {
    least = Math.min(least, await cpuMs(target, input));
  }
  return least;
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/**
 * How much more the process holds since it was warm: objects and buffers after a collection. Not
 * its resident size, of which the allocator keeps what was freed for the largest input so far.
 */
export class MemoryMeter {
  readonly #collect = collector();
  #base: number | undefined;
  growthMiB = 0;

  /** Counts from here on what the process holds. */
  warm(): void {
    this.#base = this.#heldBytes();
  }

  look(): void {
    if (this.#base === undefined) return;
    this.growthMiB = Math.max(this.growthMiB, (this.#heldBytes() - this.#base) / MEBIBYTE);
  }

  #heldBytes(): number {
    this.#collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}
