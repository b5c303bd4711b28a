/** When a command ends: by a signal, by the process that started it, or by a failure. */
import { EXIT } from './exit-codes.js';

export interface Lifetime {
  /** Aborted once the command shall stop; its reason is the failure, where there is one. */
  readonly signal: AbortSignal;
  /** Resolves when asked to stop, rejects when something failed. */
  readonly over: Promise<void>;
  /** Ends the command with an error. */
  fail(error: unknown): void;
  /** Stops listening for signals. */
  release(): void;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Listens for signals until released. The first one stops the command cleanly; a second one ends
 * the process at once, for a person who does not want to wait.
 */
export function startLifetime(): Lifetime {
  const controller = new AbortController();
  const { promise, resolve, reject } = deferred();
  // A command that fails before it waits for `over` reports by its own exception.
  promise.catch(() => undefined);
  const stop = (): void => {
    controller.abort();
    resolve();
  };
  const fail = (error: unknown): void => {
    controller.abort(error);
    reject(error);
  };
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    stop();
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  // The demo's nodes end with it, also when it was killed with -9: the channel closes then.
  if (process.connected) process.on('disconnect', stop);
  return {
    signal: controller.signal,
    over: promise,
    fail,
    release() {
      for (const name of STOP_SIGNALS) process.off(name, onSignal);
      process.off('disconnect', stop);
    },
  };
}

function deferred(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
} {
  let resolve = (): void => undefined;
  let reject = (_error: unknown): void => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
