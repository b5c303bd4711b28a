/** What every reader of frames owes: PROTOCOL for what is wrong, and nothing else. */
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { decodeFrame } from '../../lib/wire/frame.js';

export function refused(frame: Uint8Array, what: string): void {
  try {
    decodeFrame(frame);
  } catch (error) {
    assert.instance(error, ReplicationError, `${what}: ${(error as Error).message}`);
    assert.is((error as ReplicationError).code, 'PROTOCOL', what);
    return;
  }
  throw new Error(`${what}: it was taken`);
}
