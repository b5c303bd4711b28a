/** Synchronous where it can be, so that a fast layer costs no turn of the event loop. */
import type { MaybePromise } from './contract.js';

export function isPending<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** `next` at once, or when `value` is there. */
export function chain<T, R>(
  value: MaybePromise<T>,
  next: (settled: T) => MaybePromise<R>,
): MaybePromise<R> {
  return isPending(value) ? value.then(next) : next(value);
}
