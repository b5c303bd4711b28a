/** What a check measured, and what it demanded: figures for people, broken demands for the exit. */

export type Say = (line: string) => void;

export class Findings {
  readonly #say: Say;
  #scope = '';
  readonly broken: string[] = [];

  constructor(say: Say) {
    this.#say = say;
  }

  /** What follows belongs to this part of the run. */
  begin(scope: string): void {
    this.#scope = scope;
  }

  tell(what: string, figure: string): void {
    this.#say(`${this.#scope}: ${what}: ${figure}`);
  }

  /** A figure with a limit; a broken one ends the run with exit code 1, after all the others. */
  demand(what: string, figure: string, limit: string, isMet: boolean): void {
    const line = `${this.#scope}: ${what}: ${figure} (${limit})`;
    if (!isMet) this.broken.push(line);
    this.#say(isMet ? line : `BROKEN ${line}`);
  }
}

/** The value at that share of sorted numbers; 0 where there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function ascending(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((left, right) => left - right);
}

const KIB = 1024;

export function bytesText(bytes: number): string {
  if (bytes < 10 * KIB) return `${Math.round(bytes)} B`;
  if (bytes < 10 * KIB * KIB) return `${(bytes / KIB).toFixed(1)} KiB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}

export function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
}

export function usText(us: number): string {
  return `${us.toFixed(1)} us`;
}
