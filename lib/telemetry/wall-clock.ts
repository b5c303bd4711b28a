/** Spans need one clock: real time as the tracing SDK takes it, which never steps within a span. */

/** Milliseconds that the system's clock may have been set before times follow it. */
const DRIFT_MS = 100;

/** Milliseconds since 1970, with fractions. */
export type WallClock = () => number;

/** Follows the monotonic clock, and the system's where that was set or the machine slept. */
export function wallClock(): WallClock {
  let offsetMs = Date.now() - performance.now();
  return () => {
    const ms = performance.now() + offsetMs;
    const driftMs = Date.now() - ms;
    if (Math.abs(driftMs) <= DRIFT_MS) return ms;
    offsetMs += driftMs;
    return ms + driftMs;
  };
}
