/** The two ways in which the limit programs put a message into a frame. */
import { textOf, type Value } from '../../values.js';
import { fast } from './fast-buffer.js';
import type { Slab } from './slab.js';

export const UPDATE = 1;
export const PREPARE = 2;
export const VOTE = 3;
export const COMMIT = 4;
export const ACKNOWLEDGE = 5;
export const HELLO = 6;
export const SYNCED = 7;
/** A commit whose apply the slave has to acknowledge. */
export const COMMIT_AND_TELL = 8;

/** `number` is the version of an update, the round of a vote, the position of a hello. */
export interface Message<Held> {
  readonly kind: number;
  readonly number: number;
  readonly key: string;
  readonly held: Held | undefined;
}

/** `Held` is what a copy keeps of a value. */
export interface Codec<Held> {
  hold(value: Value): Held;
  read(held: Held): Value;
  append(slab: Slab, kind: number, number: number, key: string, held?: Held): void;
  decode(bytes: Buffer, start: number, end: number): Message<Held>;
}

const FIXED_BYTES = 7;

/** Length, kind, number, key and the value as bytes, which the receiver keeps undecoded. */
export const binaryCodec: Codec<string> = {
  hold: textOf,
  read: (held) => JSON.parse(held) as Value,
  append(slab, kind, number, key, held = '') {
    const length = FIXED_BYTES + key.length + held.length;
    const at = slab.reserve(length + 4);
    const bytes = fast(slab.bytes);
    bytes.writeUInt32LE(length, at);
    bytes[at + 4] = kind;
    bytes.writeUInt32LE(number, at + 5);
    bytes.writeUInt16LE(key.length, at + 9);
    bytes.latin1Write(key, at + 11);
    if (held !== '') bytes.latin1Write(held, at + 11 + key.length);
  },
  decode(bytes, start, end) {
    const keyEnd = start + FIXED_BYTES + bytes.readUInt16LE(start + 5);
    return {
      kind: bytes[start] as number,
      number: bytes.readUInt32LE(start + 1),
      key: fast(bytes).latin1Slice(start + FIXED_BYTES, keyEnd),
      held: keyEnd === end ? undefined : fast(bytes).latin1Slice(keyEnd, end),
    };
  },
};

interface JsonMessage {
  readonly kind: number;
  readonly number: number;
  readonly key?: string;
  readonly value?: Value;
}

/** One JSON.stringify and one JSON.parse per message: what a Node program does by default. */
export const jsonCodec: Codec<Value> = {
  hold: (value) => value,
  read: (held) => held,
  append(slab, kind, number, key, held) {
    const message: JsonMessage =
      held === undefined ? { kind, number } : { kind, number, key, value: held };
    const text = JSON.stringify(message);
    const at = slab.reserve(text.length + 4);
    slab.bytes.writeUInt32LE(text.length, at);
    fast(slab.bytes).latin1Write(text, at + 4);
  },
  decode(bytes, start, end) {
    const message = JSON.parse(fast(bytes).latin1Slice(start, end)) as JsonMessage;
    const { kind, number, key = '', value } = message;
    return { kind, number, key, held: value };
  },
};
