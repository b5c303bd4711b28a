/** Where a dialled socket's bytes are read into. */
import { Buffer } from 'node:buffer';

/**
 * Four times what `node:net` reads at once by itself, and none of it allocated per read: buffers
 * of 64 KiB for each read were most of what a slave under load allocated outside the heap, and
 * their weight made V8 collect all of it once or twice a second.
 */
const READ_BYTES = 256 * 1024;

let shared: Buffer | null = null;

/**
 * One for all sockets of a process: node:net hands a read over before it begins the next. What is
 * to stay must be copied out of it.
 */
export function readBuffer(): Buffer {
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return shared;
}
