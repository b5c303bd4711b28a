/** What all nodes of one simulated run share. */
import type { Clock } from '../../runtime/clock.js';
import type { IdSource } from '../../runtime/ids.js';
import { seededIds } from '../../runtime/ids.js';
import type { Random } from '../../runtime/random.js';
import { seededRandom } from '../../runtime/random.js';
import type { Inspect } from '../../service/inspection.js';
import { type MemoryNetwork, memoryNetwork } from '../../transports/memory/index.js';
import { VirtualClock } from '../virtual-clock.js';
import { Coverage } from './coverage.js';
import { Oracle } from './oracle.js';
import type { ClusterConstants } from './settings.js';
import type { Tampering } from './tampering.js';
import { Trace } from './trace.js';
import { WireWatch } from './wire-watch.js';
import type { SimulatedWorkload } from './workload.js';

export const ITEM = 'item';

export interface WorldOptions<M, S> {
  readonly seed: string | number;
  readonly workload: SimulatedWorkload<M, S>;
  readonly constants: ClusterConstants;
  readonly tampering: Tampering;
  readonly keepsTrace: boolean;
  readonly inspect?: (clock: Clock) => Inspect;
}

export class World<M, S> {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly oracle = new Oracle();
  readonly coverage = new Coverage();
  readonly trace: Trace;
  readonly watch: WireWatch;
  readonly workload: SimulatedWorkload<M, S>;
  readonly constants: ClusterConstants;
  readonly tampering: Tampering;
  /** What every node is given as its `inspect`. */
  readonly inspection: { readonly inspect?: Inspect };
  readonly #seed: string | number;
  #lives = 0;
  /** Faults that end by themselves: healing ends them at once. */
  readonly #ends = new Map<unknown, () => void>();

  constructor(options: WorldOptions<M, S>) {
    const { seed, constants } = options;
    this.#seed = seed;
    this.workload = options.workload;
    this.constants = constants;
    this.tampering = options.tampering;
    // Nothing here waits for anything but promises and this clock: one quiet turn settles it.
    this.clock = new VirtualClock({ quietTurns: 1, traceTimers: options.keepsTrace });
    this.inspection = options.inspect === undefined ? {} : { inspect: options.inspect(this.clock) };
    this.trace = new Trace(this.clock.now, options.keepsTrace);
    this.watch = new WireWatch(this.oracle, this.coverage, this.trace);
    this.network = memoryNetwork({
      seed,
      clock: this.clock,
      faults: constants.weather,
      maxFrameBytes: constants.maxFrameBytes,
      highWaterBytes: constants.highWaterBytes,
    });
  }

  /** A stream of its own for each purpose: adding one shifts no other. */
  random(stream: string): Random {
    return seededRandom(this.#seed, stream);
  }

  /** The ids of one process life. */
  ids(name: string): IdSource {
    this.#lives += 1;
    return seededIds(this.#seed, `${name} ${this.#lives}`);
  }

  /** Ends something later; once, by its time or by `endAll`. */
  later(delayMs: number, end: () => void): void {
    const handle = this.clock.setTimeout(() => {
      this.#ends.delete(handle);
      end();
    }, delayMs);
    this.#ends.set(handle, end);
  }

  endAll(): void {
    for (const [handle, end] of [...this.#ends]) {
      this.clock.clearTimeout(handle);
      if (this.#ends.delete(handle)) end();
    }
  }
}
