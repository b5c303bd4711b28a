/**
 * What a keyValue delta is, and its bytes: a table of lengths, then the text of all keys and
 * values in one piece. One piece, because turning bytes into a string costs the same for a
 * hundred bytes as for several thousand; the parts are cut out of it without copying.
 */

import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { looksEncoded } from '../../codec/values.js';
import { isWellFormed } from '../../codec/well-formed.js';
import { ReplicationError } from '../../errors.js';

const FORMAT = 1;

/** The newest state of each key that changed; every key stands once. */
export interface KeyValueDelta {
  readonly keys: readonly string[];
  /** Encoded values, by place; undefined deletes the key. */
  readonly texts: ReadonlyArray<string | undefined>;
  /** UTF-16 units of the text that keys and values are slices of; 0 when they own theirs. */
  readonly slicedUnits: number;
  /** Decoded values by place, where a check already needed them. */
  values?: readonly unknown[];
  /** Its encoded form, where it came as one or was made before: master and store share it. */
  bytes?: Uint8Array;
}

export function deltaOf(
  keys: readonly string[],
  texts: ReadonlyArray<string | undefined>,
): KeyValueDelta {
  return { keys, texts, slicedUnits: 0 };
}

/** Encodes a delta once; asked again it answers with the same bytes, which nobody may change. */
export function encodeDelta(delta: KeyValueDelta): Uint8Array {
  delta.bytes ??= encoded(delta);
  return delta.bytes;
}

function encoded({ keys, texts }: KeyValueDelta): Uint8Array {
  const parts: string[] = [];
  const writer = new ByteWriter(keys.length * 160 + 16);
  writer.byte(FORMAT).varint(keys.length);
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] as string;
    const text = texts[index];
    parts.push(key);
    if (text !== undefined) parts.push(text);
    // A text has at least its tag, so that 0 is free to mean "deleted".
    writer.varint(key.length).varint(text === undefined ? 0 : text.length);
  }
  return writer.text(parts.join('')).finish();
}

/** @throws {ReplicationError} PROTOCOL for bytes that `encodeDelta` did not make. */
export function decodeDelta(bytes: Uint8Array): KeyValueDelta {
  const reader = new ByteReader(bytes, 'A keyValue delta');
  const format = reader.byte();
  if (format !== FORMAT) reader.fail(`its format ${format} is unknown`);
  const count = reader.count(2);
  const lengths = new Array<number>(count * 2);
  for (let index = 0; index < count * 2; index += 1) lengths[index] = reader.varint();
  const blobBytes = reader.rest;
  const blob = reader.text(blobBytes);
  const keys = new Array<string>(count);
  const texts = new Array<string | undefined>(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const keyEnd = at + (lengths[index * 2] as number);
    const textLength = lengths[index * 2 + 1] as number;
    keys[index] = blob.slice(at, keyEnd);
    at = keyEnd + textLength;
    texts[index] = textLength === 0 ? undefined : cut(blob, keyEnd, at);
  }
  if (at !== blob.length) reader.fail('its lengths do not add up');
  if (blob.length !== blobBytes) refuseTorn(keys, texts);
  return { keys, texts, slicedUnits: blob.length, bytes };
}

function cut(blob: string, start: number, end: number): string {
  const text = blob.slice(start, end);
  if (looksEncoded(text)) return text;
  throw new ReplicationError('PROTOCOL', 'A keyValue delta holds a value that is not encoded');
}

/** A cut through the middle of a character: only where there are characters beyond ASCII. */
function refuseTorn(keys: readonly string[], texts: ReadonlyArray<string | undefined>): void {
  const torn = (text: string | undefined): boolean => text !== undefined && !isWellFormed(text);
  if (!keys.some(torn) && !texts.some(torn)) return;
  throw new ReplicationError('PROTOCOL', 'A keyValue delta is cut within a character');
}
