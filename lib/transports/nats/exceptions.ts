/**
 * For whom a frame to all is not: the numbers of those slaves, before the frame, so that it says as
 * much for any number of slaves that it is for.
 */
import { ReplicationError } from '../../errors.js';
import type { Message } from './message.js';

export const EXCEPTION_BYTES = 4;

export function encodeExceptions(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * EXCEPTION_BYTES);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, at) => {
    view.setUint32(at * EXCEPTION_BYTES, number);
  });
  return bytes;
}

/** @throws {ReplicationError} PROTOCOL when the body does not hold as many as it says */
export function readExceptions({ second, body }: Message): readonly number[] {
  if (second === 0) return [];
  if (second * EXCEPTION_BYTES >= body.length) {
    throw new ReplicationError('PROTOCOL', 'it names more exceptions than it holds');
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: second }, (_, at) => view.getUint32(at * EXCEPTION_BYTES));
}
