/** Time as the service layers see it: monotonic, injectable, never a wall clock (T18). */
export interface Clock {
  /** Milliseconds since some fixed start; never goes back. */
  now(): number;
  /** Calls back once after `delayMs`. The returned handle is opaque. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  /** Calls back after the network was polled once more (P12). */
  setImmediate(callback: () => void): void;
  /** Keeps the process alive until the returned function is called; a virtual clock has none. */
  hold?(): () => void;
}

interface Unrefable {
  unref?(): void;
}

/** A timer of this package must not keep a host's process alive. */
function unref(handle: unknown): unknown {
  (handle as Unrefable).unref?.();
  return handle;
}

/** Browsers have no setImmediate; a message port is the next macrotask there. */
function nextMacrotask(callback: () => void): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(null);
}

/** As long as a timer can be: it is there to be pending, not to fire. */
const HOLD_INTERVAL_MS = 2 ** 31 - 1;

/** The machine's own monotonic clock; its timers do not hold the event loop. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => unref(setTimeout(callback, delayMs)),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  hold: () => {
    const handle = setInterval(() => {}, HOLD_INTERVAL_MS);
    return () => clearInterval(handle);
  },
  setImmediate: typeof setImmediate === 'function' ? (f) => void setImmediate(f) : nextMacrotask,
};
