/** Feeds inputs to targets and judges what comes of it. */
import { ReplicationError } from '../../lib/errors.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { allowedMs, leastCpuMs, MemoryMeter } from './meter.js';
import { Finding, type Target } from './target.js';

/** Growth after the warm-up that counts as a leak. */
export const GROWTH_MIB_MAX = 64;
const WARM_UP_SHARE = 0.1;
/** A look collects garbage, which costs more than thousands of inputs. */
const LOOKS = 8;
const INPUTS_PER_LOOK_MIN = 10_000;
const FINDINGS_MAX = 10;
/** Of the clock on the wall; from here on the time of the processor is measured. */
const SUSPECT_MS = 5;

export interface Found {
  readonly target: string;
  readonly number: number;
  readonly what: string;
  readonly input: Uint8Array;
}

export interface TargetFigures {
  readonly name: string;
  readonly inputs: number;
  readonly refused: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of the dearest input: the time of the processor, or of the wall below 5 ms. */
  readonly worstMs: number;
  readonly growthMiB: number;
}

export interface FuzzOptions {
  readonly seed: string;
  readonly count: number;
  readonly found: (found: Found) => void;
  readonly say?: (line: string) => void;
  /** Only this input. */
  readonly only?: number | undefined;
  /** Ends after this many. @default 10 */
  readonly findingsMax?: number;
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

class Run {
  readonly #target: Target;
  readonly #options: FuzzOptions;
  readonly #memory = new MemoryMeter();
  #refused = 0;
  #bytes = 0;
  #worstMs = 0;
  #findings = 0;
  #isLeaking = false;
  #current: Uint8Array = new Uint8Array();
  #number = 0;

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
  }

  async all(): Promise<TargetFigures> {
    const { count, only, findingsMax = FINDINGS_MAX } = this.#options;
    const perLook = Math.max(INPUTS_PER_LOOK_MIN, Math.ceil(count / LOOKS));
    const stray = (thrown: unknown) => this.#report(`uncaught: ${textOf(thrown)}`);
    process.on('uncaughtException', stray);
    process.on('unhandledRejection', stray);
    const startedAt = performance.now();
    try {
      const [from, to] = only === undefined ? [0, count] : [only, only + 1];
      for (let number = from; number < to && this.#findings < findingsMax; number += 1) {
        await this.#one(number);
        if (number === Math.floor(count * WARM_UP_SHARE)) this.#memory.warm();
        if (number % perLook === perLook - 1) await this.#look();
      }
      await this.#look();
    } finally {
      process.off('uncaughtException', stray);
      process.off('unhandledRejection', stray);
      await this.#target.close?.();
    }
    const seconds = (performance.now() - startedAt) / 1000;
    return this.#figures(seconds);
  }

  #figures(seconds: number): TargetFigures {
    return {
      name: this.#target.name,
      inputs: this.#number + (this.#options.only === undefined ? 1 : -this.#number + 1),
      refused: this.#refused,
      bytes: this.#bytes,
      seconds,
      worstMs: this.#worstMs,
      growthMiB: this.#memory.growthMiB,
    };
  }

  async #one(number: number): Promise<void> {
    const { seed } = this.#options;
    const input = this.#target.make(seededRandom(seed, `${this.#target.name} ${number}`));
    this.#current = input;
    this.#number = number;
    this.#bytes += input.length;
    const startedAt = performance.now();
    try {
      const reading = this.#target.read(input);
      if (reading !== undefined) await reading;
    } catch (thrown) {
      this.#refused += 1;
      if (thrown instanceof Finding) this.#report(thrown.message);
      else if (!(thrown instanceof ReplicationError)) this.#report(textOf(thrown));
    }
    const tookMs = performance.now() - startedAt;
    if (tookMs > SUSPECT_MS) await this.#suspect(input);
    else this.#worstMs = Math.max(this.#worstMs, tookMs);
  }

  async #suspect(input: Uint8Array): Promise<void> {
    const leastMs = await leastCpuMs(this.#target, input);
    this.#worstMs = Math.max(this.#worstMs, leastMs);
    if (leastMs <= allowedMs(input)) return;
    this.#report(`it costs ${leastMs.toFixed(0)} ms for ${input.length} bytes`);
  }

  /** Lets stray rejections show, and the memory settle. */
  async #look(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#memory.look();
    const { growthMiB } = this.#memory;
    if (growthMiB <= GROWTH_MIB_MAX || this.#isLeaking) return;
    this.#isLeaking = true;
    this.#report(`the process grew by ${growthMiB.toFixed(0)} MiB`);
  }

  #report(what: string): void {
    this.#findings += 1;
    const { name } = this.#target;
    this.#options.found({ target: name, number: this.#number, what, input: this.#current });
  }
}

export function fuzz(target: Target, options: FuzzOptions): Promise<TargetFigures> {
  return new Run(target, options).all();
}
