/** Frames whose checksums hold again after a change, as only a peer with bad intent sends them. */
import { platform } from '#platform';
import type { Random } from '../../lib/runtime/random.js';
import { mutateJson, pick } from './mutate.js';

const PREFIX_BYTES = 4;
const FIELDS_BYTES = 8;

interface Parts {
  readonly item: Uint8Array;
  readonly head: string;
  readonly bodies: Uint8Array;
}

function partsOf(frame: Uint8Array): Parts {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const itemEnd = PREFIX_BYTES + view.getUint16(2);
  const headAt = itemEnd + FIELDS_BYTES;
  const headEnd = headAt + view.getUint32(itemEnd);
  return {
    item: frame.subarray(PREFIX_BYTES, itemEnd),
    head: platform.utf8Decode(frame, headAt, headEnd),
    bodies: frame.subarray(headEnd),
  };
}

export function sealFrame(item: Uint8Array, head: string, bodies: Uint8Array): Uint8Array {
  const text = platform.utf8Encode(head);
  const headAt = PREFIX_BYTES + item.length + FIELDS_BYTES;
  const frame = new Uint8Array(headAt + text.length + bodies.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 0x52);
  view.setUint8(1, 1);
  view.setUint16(2, item.length);
  frame.set(item, PREFIX_BYTES);
  view.setUint32(PREFIX_BYTES + item.length, text.length);
  frame.set(text, headAt);
  frame.set(bodies, headAt + text.length);
  const checksum = platform.crc32(frame.subarray(0, headAt - 4), text);
  view.setUint32(headAt - 4, checksum);
  return frame;
}

/** Any change of the head's JSON, or of its bytes, under a right checksum. */
export function hostileFrame(frames: readonly Uint8Array[], random: Random): Uint8Array {
  const { item, head, bodies } = partsOf(pick(frames, random));
  const roll = random();
  if (roll < 0.75) {
    let value: unknown = JSON.parse(head);
    do value = mutateJson(value, random);
    while (random() < 0.3);
    return sealFrame(item, JSON.stringify(value), bodies);
  }
  // The head of one message with the payload of another.
  if (roll < 0.85) return sealFrame(item, head, partsOf(pick(frames, random)).bodies);
  const at = Math.floor(random() * head.length);
  const text = head.slice(0, at) + pick(['', '"', '[', '}', '\u0000', '1e999'], random);
  return sealFrame(item, text + head.slice(at + 1), bodies);
}
