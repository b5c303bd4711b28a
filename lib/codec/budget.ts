/** How much one value may cost, on both sides: what would not be decoded is never encoded. */
import { ReplicationError } from '../errors.js';

export interface CodecBudget {
  /** UTF-16 units of the encoded text; checked before anything is parsed. */
  readonly textLengthMax: number;
  /** Containers within containers; also what stops a cycle. */
  readonly depthMax: number;
  /** Values of any kind, keys not counted. */
  readonly nodesMax: number;
  /** Values that JSON lacks (a Date, a Map, undefined, ...). */
  readonly annotationsMax: number;
  /** Decimal digits; parsing costs their square. */
  readonly bigintDigitsMax: number;
}

/** For one value of a key, or one delta. */
export const VALUE_BUDGET: CodecBudget = Object.freeze({
  textLengthMax: 64 * 1024 * 1024,
  depthMax: 64,
  nodesMax: 1_000_000,
  annotationsMax: 100_000,
  bigintDigitsMax: 1_000,
});

/** Fills in what `partial` leaves out. @throws {ReplicationError} INVALID_OPTION by name. */
export function budgetOf(
  partial: Partial<CodecBudget> | undefined,
  base: CodecBudget,
): CodecBudget {
  if (partial === undefined) return base;
  const budget: Record<string, number> = { ...base };
  for (const [name, value] of Object.entries(partial)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(base, name) || !Number.isSafeInteger(value) || value < 1) {
      const names = Object.keys(base).join(', ');
      const problem = `budget.${name} must be a positive integer and one of ${names}`;
      throw new ReplicationError('INVALID_OPTION', problem);
    }
    budget[name] = value;
  }
  return budget as unknown as CodecBudget;
}
