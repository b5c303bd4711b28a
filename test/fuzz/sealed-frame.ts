/** Frames whose checksums hold again after a change, as only a peer with bad intent sends them. */
import { platform } from '#platform';
import type { Random } from '../../lib/runtime/random.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { PROTOCOL_VERSION } from '../../machines/protocol.js';
import { below, mutate, mutateJson, pick } from './mutate.js';

const CHECKED_AT = 6;
const HEAD_AT = 12;

export interface FrameParts {
  readonly envelope: Uint8Array;
  /** The kind and the fields of the message. */
  readonly message: Uint8Array;
  readonly bodies: Uint8Array;
}

export function partsOf(frame: Uint8Array): FrameParts {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const headEnd = HEAD_AT + view.getUint32(CHECKED_AT);
  const envelopeEnd = HEAD_AT + view.getUint16(CHECKED_AT + 4);
  return {
    envelope: frame.subarray(HEAD_AT, envelopeEnd),
    message: frame.subarray(envelopeEnd, headEnd),
    bodies: frame.subarray(headEnd),
  };
}

export function sealFrame({ envelope, message, bodies }: FrameParts): Uint8Array {
  const headEnd = HEAD_AT + envelope.length + message.length;
  const frame = new Uint8Array(headEnd + bodies.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 0x52);
  view.setUint8(1, PROTOCOL_VERSION);
  view.setUint32(CHECKED_AT, headEnd - HEAD_AT);
  view.setUint16(CHECKED_AT + 4, envelope.length);
  frame.set(envelope, HEAD_AT);
  frame.set(message, HEAD_AT + envelope.length);
  frame.set(bodies, headEnd);
  view.setUint32(2, platform.crc32(frame.subarray(CHECKED_AT, headEnd)));
  return frame;
}

/** Other values in the fields of a message; null where they have no form on the wire. */
function hostileFields(frame: Uint8Array, random: Random): Uint8Array | null {
  const { envelope, ...message } = decodeFrame(frame);
  let changed: unknown = message;
  do changed = mutateJson(changed, random);
  while (random() < 0.3);
  try {
    return encodeFrame(envelope, changed as typeof message);
  } catch (thrown) {
    // A field that is missing, or of another type.
    if (thrown instanceof TypeError || thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/** Any change of the head's fields, or of its bytes, under a right checksum. */
export function hostileFrame(frames: readonly Uint8Array[], random: Random): Uint8Array {
  const frame = pick(frames, random);
  const other = partsOf(pick(frames, random));
  const parts = partsOf(frame);
  const roll = random();
  const fields = roll < 0.4 ? hostileFields(frame, random) : null;
  if (fields !== null) return fields;
  if (roll < 0.75) {
    return sealFrame({ ...parts, message: mutate(parts.message, other.message, random) });
  }
  if (roll < 0.85) {
    return sealFrame({ ...parts, envelope: mutate(parts.envelope, other.envelope, random) });
  }
  // The head of one message with the payload of another.
  if (roll < 0.9) return sealFrame({ ...parts, bodies: other.bodies });
  // The fields of one kind under the name of another.
  const message = parts.message.slice();
  message[0] = below(random, 20);
  return sealFrame({ ...parts, message });
}

/** A head of one thing over and over: what costs a careless reader its memory or its time. */
export function extremeFrame(frames: readonly Uint8Array[], random: Random, bytesMax: number) {
  const parts = partsOf(pick(frames, random));
  const message = new Uint8Array(1 + below(random, bytesMax));
  message.fill(pick([0, 1, 2, 0x40, 0x80, 252, 253, 254, 255], random));
  const kept = below(random, Math.min(parts.message.length, message.length) + 1);
  message.set(parts.message.subarray(0, kept));
  return sealFrame({ ...parts, message });
}
