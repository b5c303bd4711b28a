/** Checks shared by the options of the ready-made layers. */
import { ReplicationError } from '../errors.js';

/** @throws {ReplicationError} INVALID_OPTION naming any option that is not in `known`. */
export function refuseUnknown(layer: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const problem = `${layer} has no option ${name}; it takes ${known.join(', ')}`;
    throw new ReplicationError('INVALID_OPTION', problem);
  }
}

/** @throws {ReplicationError} INVALID_OPTION unless it is a safe integer of at least `min`. */
export function countOption(name: string, value: unknown, fallback: number, min = 0): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw new ReplicationError('INVALID_OPTION', `${name} must be an integer of at least ${min}`);
}

/** @throws {ReplicationError} INVALID_OPTION unless it is a function or left out. */
export function functionOption(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new ReplicationError('INVALID_OPTION', `${name} must be a function`);
}
