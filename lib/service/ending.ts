/** How a run begins and ends around its user layer and store: coded errors, nothing left open. */
import { asReplicationError, ReplicationError } from '../errors.js';
import type { MaybePromise } from '../layers/contract.js';
import { checkOptions, signalOption } from '../options.js';

/** @throws {ReplicationError} INVALID_OPTION when `start` was given anything but a signal */
export function startSignal(options: { readonly signal?: AbortSignal }): AbortSignal | undefined {
  checkOptions('start', options, { signal: signalOption });
  return options.signal;
}

/** @throws {ReplicationError} ABORTED when the host gave the start up before it began */
export function refuseAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const message = `${what} was not started: the signal given to start was aborted`;
  throw new ReplicationError('ABORTED', message, { cause: signal.reason });
}

/** @throws {ReplicationError} its own errors passed on; ABORTED for whatever else a host throws */
export async function openLayer<T>(what: string, open: () => MaybePromise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw asReplicationError(error, 'ABORTED', `the user layer of ${what} failed in open`);
  }
}

/** Every part is closed, whichever of those before it failed; the first failure is told. */
export async function closeParts(
  what: string,
  ...parts: ReadonlyArray<() => MaybePromise<unknown>>
): Promise<void> {
  let failure: ReplicationError | null = null;
  for (const close of parts) {
    try {
      await close();
    } catch (error) {
      failure ??= asReplicationError(
        error,
        'ABORTED',
        `${what} was stopped, but not all of it closed`,
      );
    }
  }
  if (failure !== null) throw failure;
}
