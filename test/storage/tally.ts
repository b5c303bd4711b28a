/** What became of the images, by kind, and how it is printed. */
import type { ImageKind } from './image.js';
import type { Verdict } from './judge.js';

/** One image that broke a promise. */
export interface Violation {
  readonly number: number;
  readonly kind: string;
  readonly where: string;
  readonly wrong: string;
  readonly isLoss: boolean;
}

export interface Figures {
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly violations: readonly Violation[];
}

/** What a crash can leave; the other kinds are damage. */
const CRASHES: readonly string[] = [
  'killed',
  'power cut',
  'torn batch',
  'lost subset',
  'zeroed tail',
  'truncated log',
] satisfies ImageKind[];
const OUTCOMES = ['new', 'old', 'empty', 'CORRUPT', 'STORE_FAILED', 'wrong'];
const KIND_WIDTH = 24;
const NUMBER_WIDTH = 8;

export class Tally {
  readonly #counts: Record<string, Record<string, number>> = {};
  readonly violations: Violation[] = [];

  add(kind: ImageKind, outcome: Verdict['outcome'], count = 1): void {
    const row = this.#counts[kind] ?? {};
    row[outcome] = (row[outcome] ?? 0) + count;
    this.#counts[kind] = row;
  }

  merge({ counts, violations }: Figures): void {
    for (const [kind, row] of Object.entries(counts)) {
      for (const [outcome, count] of Object.entries(row)) {
        this.add(kind as ImageKind, outcome as Verdict['outcome'], count);
      }
    }
    this.violations.push(...violations);
  }

  get figures(): Figures {
    return { counts: this.#counts, violations: this.violations };
  }

  get images(): number {
    return this.#count(() => true);
  }

  get crashImages(): number {
    return this.#count((kind) => CRASHES.includes(kind));
  }

  #count(isMeant: (kind: string) => boolean): number {
    return Object.entries(this.#counts)
      .filter(([kind]) => isMeant(kind))
      .flatMap(([, row]) => Object.values(row))
      .reduce((sum, count) => sum + count, 0);
  }

  lines(): string[] {
    const cell = (text: string): string => text.padStart(NUMBER_WIDTH);
    const head = ['images', 'new', 'old', 'empty', 'CORRUPT', 'FAILED', 'wrong'].map(cell).join('');
    const rows = Object.entries(this.#counts).map(([kind, row]) => {
      const sum = Object.values(row).reduce((total, count) => total + count, 0);
      const cells = [sum, ...OUTCOMES.map((outcome) => row[outcome] ?? 0)];
      return (
        kind.padEnd(KIND_WIDTH) + cells.map((count) => cell(count.toLocaleString('en'))).join('')
      );
    });
    return [' '.repeat(KIND_WIDTH) + head, ...rows];
  }

  /** The line that says whether the promises hold. */
  closing(): string {
    const losses = this.violations.filter(({ isLoss }) => isLoss).length;
    const wrong = this.violations.length - losses;
    const crashes = this.crashImages.toLocaleString('en');
    const damaged = (this.images - this.crashImages).toLocaleString('en');
    return (
      `${crashes} crash images, ${damaged} of damage, ${wrong} silent wrong reads, ` +
      `${losses} synced records lost`
    );
  }
}
