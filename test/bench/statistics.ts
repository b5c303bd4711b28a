/** What is made of the readings of a run. */

/** The smallest value that `share` of all values do not exceed; `sorted` ascends. */
export function percentile(sorted: readonly number[], share: number): number {
  const place = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[place] ?? Number.NaN;
}

export function ascending(values: readonly number[]): number[] {
  return [...values].sort((left, right) => left - right);
}

/** Mean of the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Four digits that say something; more would only look exact. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
