/**
 * One message as one frame of bytes:
 *
 *     'R' | protocol u8 | CRC-32 u32 | head length u32 | envelope length u16 | head | payloads
 *     head: envelope | kind u8 | fields
 *
 * The CRC is of all from the head's length to its end: a flipped bit in an epoch or a digest
 * would fence a good master or fork a history (S1, S12); payloads have checksums of their own.
 * Payloads follow as they are, in the order in which the head names them, so that a delta is
 * encoded once, copied once, and never parsed by anything but its user layer.
 *
 * A head is written and read in one pass, field after field, and costs few operations rather
 * than cleverly optimized ones: with a change every few milliseconds nothing here is ever hot.
 */
import { platform } from '#platform';
import {
  type Envelope,
  type Enveloped,
  type Message,
  PROTOCOL_VERSION,
} from '../../machines/protocol.js';
import { readEnvelope, readItem, writeEnvelope } from './envelope.js';
import { HeadReader, u16At, u32At } from './head-reader.js';
import { HeadWriter } from './head-writer.js';
import { broken, HEAD_BYTES_MAX } from './limits.js';
import { messageReaders } from './read-message.js';
import { KINDS } from './words.js';
import { writeMessage } from './write-message.js';

const MAGIC = 0x52;
/** Where the fields in front of the head start, and the head itself. */
const CHECKSUM_AT = 2;
const CHECKED_AT = 6;
const ENVELOPE_BYTES_AT = 10;
const HEAD_AT = 12;

/** Encoding neither waits nor calls back, so that one is enough for all. */
const writer = new HeadWriter();

/** Encodes once for all receivers; the result is never changed. */
export function encodeFrame(envelope: Envelope, message: Message): Uint8Array {
  writer.begin(envelope);
  writer.at += HEAD_AT;
  writeEnvelope(writer, envelope);
  const envelopeEnd = writer.at - writer.start;
  writer.word(KINDS, message.kind);
  writeMessage(writer, message);
  const headEnd = writer.at - writer.start;
  const frame = writer.end();
  const headBytes = headEnd - HEAD_AT;
  const envelopeBytes = envelopeEnd - HEAD_AT;
  frame[0] = MAGIC;
  frame[1] = PROTOCOL_VERSION;
  putU32(frame, CHECKED_AT, headBytes);
  frame[ENVELOPE_BYTES_AT] = envelopeBytes >>> 8;
  frame[ENVELOPE_BYTES_AT + 1] = envelopeBytes;
  putU32(frame, CHECKSUM_AT, platform.crc32(frame.subarray(CHECKED_AT, headEnd)));
  return frame;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Where the envelope ends in a frame that is replichart's and of this version. */
function envelopeEndOf(frame: Uint8Array): number {
  if (frame.length < HEAD_AT || frame[0] !== MAGIC) throw broken('that is not replichart’s');
  if (frame[1] !== PROTOCOL_VERSION) {
    throw broken(
      `of protocol ${frame[1]}, this side speaks ${PROTOCOL_VERSION}: upgrade the older`,
    );
  }
  const end = HEAD_AT + u16At(frame, ENVELOPE_BYTES_AT);
  if (end > frame.length) throw broken('with a cut header');
  return end;
}

/**
 * The item a frame is for, before anything else of it is read.
 * @throws {ReplicationError} PROTOCOL for other magic, another version, or a cut header.
 */
export function itemOf(frame: Uint8Array): string {
  return readItem(frame, HEAD_AT, envelopeEndOf(frame));
}

/**
 * Decodes and checks one frame. Payload bodies are views into `frame`; the envelope is the same
 * frozen object on all frames that have the same.
 * @throws {ReplicationError} PROTOCOL, naming what is wrong; nothing else.
 */
export function decodeFrame(frame: Uint8Array): Enveloped {
  const envelopeEnd = envelopeEndOf(frame);
  const headEnd = HEAD_AT + u32At(frame, CHECKED_AT);
  if (headEnd > HEAD_AT + HEAD_BYTES_MAX || headEnd > frame.length || headEnd <= envelopeEnd) {
    throw broken('with a cut head');
  }
  if (platform.crc32(frame.subarray(CHECKED_AT, headEnd)) !== u32At(frame, CHECKSUM_AT)) {
    throw broken('whose head fails its checksum');
  }
  const envelope = readEnvelope(frame, HEAD_AT, envelopeEnd);
  const kind = KINDS[frame[envelopeEnd] as number];
  if (kind === undefined) throw broken(`of the unknown kind ${frame[envelopeEnd]}`);
  const reader = new HeadReader(frame, envelopeEnd + 1, headEnd, envelope);
  const message = messageReaders[kind](reader, envelope);
  reader.finish();
  reader.finishBodies();
  return message;
}
