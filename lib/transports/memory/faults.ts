/** What can go wrong on one direction of a link, as numbers with their units. */
import { numberOption, type OptionChecks } from '../../options.js';
import { type Random, seededRandom } from '../../runtime/random.js';

/** Everything defaults to 0: an ordered, reliable link that delivers on the next turn. */
export interface LinkFaults {
  /** The least milliseconds a frame takes. */
  readonly delayMsMin?: number;
  /** The mean milliseconds a frame takes; what exceeds the least is exponentially distributed. */
  readonly delayMsMean?: number;
  /** No frame takes longer than this many milliseconds. @default ten times the mean */
  readonly delayMsMax?: number;
  /** The share of frames that never arrive, 0 to 1. */
  readonly lossRatio?: number;
  /** The share of frames that arrive twice, 0 to 1. */
  readonly duplicateRatio?: number;
  /** The share of frames that later ones may overtake, 0 to 1. Delays alone never reorder. */
  readonly reorderRatio?: number;
  /** The most milliseconds an overtaken frame is held back. @default 10 */
  readonly reorderMsMax?: number;
  /** The share of frames of which one bit arrives flipped, 0 to 1. */
  readonly corruptRatio?: number;
  /** What the link carries in a second; frames queue behind each other. @default 0, no limit */
  readonly bytesPerSecond?: number;
}

const MS = numberOption(0);
const RATIO = numberOption(0, 1);

export const FAULT_CHECKS: OptionChecks = {
  delayMsMin: MS,
  delayMsMean: MS,
  delayMsMax: MS,
  lossRatio: RATIO,
  duplicateRatio: RATIO,
  reorderRatio: RATIO,
  reorderMsMax: MS,
  corruptRatio: RATIO,
  bytesPerSecond: numberOption(0),
};

export function keepsOrder(faults: LinkFaults): boolean {
  return !faults.reorderRatio && !faults.duplicateRatio;
}

export function loses(faults: LinkFaults): boolean {
  return Boolean(faults.lossRatio || faults.duplicateRatio || faults.corruptRatio);
}

/** Decides frame by frame. Each kind of fault draws from its own stream of the network's seed. */
export class FaultDice {
  readonly #delay: Random;
  readonly #loss: Random;
  readonly #duplicate: Random;
  readonly #reorder: Random;
  readonly #corrupt: Random;

  constructor(seed: string | number, link: string) {
    this.#delay = seededRandom(seed, `${link} delay`);
    this.#loss = seededRandom(seed, `${link} loss`);
    this.#duplicate = seededRandom(seed, `${link} duplicate`);
    this.#reorder = seededRandom(seed, `${link} reorder`);
    this.#corrupt = seededRandom(seed, `${link} corrupt`);
  }

  delayMs(faults: LinkFaults): number {
    const leastMs = faults.delayMsMin ?? 0;
    const meanMs = Math.max(leastMs, faults.delayMsMean ?? 0);
    const mostMs = faults.delayMsMax ?? Math.max(leastMs, meanMs * 10);
    if (meanMs === leastMs) return Math.min(leastMs, mostMs);
    return Math.min(mostMs, leastMs - Math.log(1 - this.#delay()) * (meanMs - leastMs));
  }

  lost(faults: LinkFaults): boolean {
    return Boolean(faults.lossRatio) && this.#loss() < (faults.lossRatio ?? 0);
  }

  duplicated(faults: LinkFaults): boolean {
    return Boolean(faults.duplicateRatio) && this.#duplicate() < (faults.duplicateRatio ?? 0);
  }

  /** Milliseconds to hold a frame back, or null when it keeps its place. */
  heldBackMs(faults: LinkFaults): number | null {
    if (!faults.reorderRatio || this.#reorder() >= faults.reorderRatio) return null;
    return this.#reorder() * (faults.reorderMsMax ?? 10);
  }

  /** The frame itself, or a copy with one bit flipped: the sender's memory stays as it is. */
  corrupted(faults: LinkFaults, frame: Uint8Array): Uint8Array | null {
    if (!faults.corruptRatio || this.#corrupt() >= faults.corruptRatio) return null;
    const copy = frame.slice();
    const bit = Math.floor(this.#corrupt() * copy.length * 8);
    copy[bit >>> 3] = (copy[bit >>> 3] as number) ^ (1 << (bit & 7));
    return copy;
  }
}
