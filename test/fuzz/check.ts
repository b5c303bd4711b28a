/** The whole fuzz: all targets, one after the other, and the seeded bugs. */
import { seededRandom } from '../../lib/runtime/random.js';
import { BUGS } from './bugs.js';
import { type Corpus, recordCorpus } from './corpus.js';
import { documentTargets } from './document-targets.js';
import { frameTargets } from './frame-targets.js';
import { type Found, fuzz, type TargetFigures } from './fuzz.js';
import { nodeTarget } from './node-target.js';
import type { Target } from './target.js';

export interface FuzzCheckOptions {
  readonly seed: string;
  readonly frames: number;
  readonly documents: number;
  /** Only the target of this name, and of it only this input. */
  readonly target?: string | undefined;
  readonly input?: number | undefined;
  readonly say?: (line: string) => void;
  readonly found: (found: Found) => void;
}

export interface FuzzFigures {
  readonly targets: readonly TargetFigures[];
  readonly frames: number;
  readonly documents: number;
}

function targetsOf(corpus: Corpus, seed: string): Target[] {
  const number = Math.floor(seededRandom(seed, 'samples')() * 2 ** 31);
  return [...frameTargets(corpus), nodeTarget(corpus), ...documentTargets(corpus, number)];
}

function describe({ name, inputs, refused, bytes, seconds, worstMs, growthMiB }: TargetFigures) {
  const rate = Math.round(inputs / Math.max(seconds, 0.001)).toLocaleString('en');
  const taken = (inputs - refused).toLocaleString('en').padStart(9);
  const mebibytes = (bytes / 1024 / 1024).toFixed(0).padStart(5);
  return (
    `${name.padEnd(20)}${inputs.toLocaleString('en').padStart(10)} inputs${taken} taken` +
    `${mebibytes} MiB${rate.padStart(9)}/s  worst ${worstMs.toFixed(1)} ms` +
    `  grew ${growthMiB.toFixed(1)} MiB`
  );
}

export async function checkFuzz(options: FuzzCheckOptions): Promise<FuzzFigures> {
  const corpus = await recordCorpus();
  options.say?.(`${corpus.frames.length} real frames, ${corpus.bodies.length} real payloads`);
  const figures: TargetFigures[] = [];
  const sums = { frames: 0, documents: 0 };
  for (const target of targetsOf(corpus, options.seed)) {
    if (options.target !== undefined && options.target !== target.name) {
      await target.close?.();
      continue;
    }
    const count = Math.ceil(options[target.family] * target.share);
    const { seed, found, input } = options;
    const done = await fuzz(target, { seed, count, found, only: input });
    figures.push(done);
    sums[target.family] += done.inputs;
    options.say?.(describe(done));
  }
  return { targets: figures, ...sums };
}

/** Whether the fuzzer finds a seeded bug within `count` inputs; null when it lives. */
export async function huntFuzzBug(bug: string, seed: string, count: number): Promise<Found | null> {
  const seeded = BUGS[bug];
  if (seeded === undefined) throw new Error(`there is no seeded bug ${bug}`);
  const corpus = await recordCorpus();
  let first: Found | null = null;
  const found = (each: Found): void => {
    first ??= each;
  };
  for (const target of targetsOf(corpus, seed)) {
    if (target.name !== seeded.target) {
      await target.close?.();
      continue;
    }
    await fuzz(seeded.spoil(target), { seed, count, found, findingsMax: 1 });
  }
  return first;
}
