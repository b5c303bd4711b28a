/** What this process costs: processor time and live memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Microseconds of processor time of all threads since the last call of the returned function. */
export function cpuMeter(): () => number {
  let before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    return user + system;
  };
}

let collect: (() => void) | null = null;

/** Bytes that are alive after a full collection: objects, and the bytes of buffers. */
export function liveBytes(): number {
  if (collect === null) {
    // A process started without --expose-gc gets the function this way.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
