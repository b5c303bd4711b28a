/**
 * One message as one frame of bytes:
 *
 *     'R' | protocol u8 | item length u16 | item | head length u32 | CRC-32 u32 | head | payloads
 *
 * The CRC is of all that precedes it and of the head: a flipped bit in an epoch or a digest would
 * fence a good master or fork a history (S1, S12); payloads have checksums of their own. The head
 * is JSON: envelope and message, small and readable in a capture. Payloads follow as they are, in
 * the order in which the head names them, so that a delta is encoded once, copied once, and never
 * parsed by anything but its user layer.
 */
import { platform } from '#platform';
import {
  type Envelope,
  type Enveloped,
  type Message,
  type MessageKind,
  type Payload,
  PROTOCOL_VERSION,
} from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { envelopeShape, messageShapes, type WirePayload } from './messages.js';

const MAGIC = 0x52;
/** Before the item; between item and head. */
const PREFIX_BYTES = 4;
const HEAD_FIELDS_BYTES = 8;
const FIXED_BYTES = PREFIX_BYTES + HEAD_FIELDS_BYTES;
/** A head is names, numbers and at most 100,000 participants. */
const HEAD_BYTES_MAX = 4 * 1024 * 1024;

function bodyOf(payload: Payload): Uint8Array | null {
  return payload.body instanceof Uint8Array ? payload.body : null;
}

/** The message with every payload replaced by what travels of it, and the bytes beside it. */
function split(message: Message): { head: object; bodies: readonly Uint8Array[] } {
  const bodies: Uint8Array[] = [];
  const strip = (payload: Payload): WirePayload => {
    const body = bodyOf(payload);
    if (body !== null) bodies.push(body);
    return { bytes: payload.bytes, checksum: payload.checksum, inline: body !== null };
  };
  let head: object = message;
  if ('links' in message) {
    const links = message.links.map((link) =>
      link.payload === undefined ? link : { ...link, payload: strip(link.payload) },
    );
    head = { ...message, links };
  }
  if ('payload' in message) head = { ...head, payload: strip(message.payload) };
  return { head, bodies };
}

/** Encodes once for all receivers; the result is never changed. */
export function encodeFrame(envelope: Envelope, message: Message): Uint8Array {
  const { head, bodies } = split(message);
  const text = JSON.stringify([envelope, head]);
  const itemBytes = platform.utf8Length(envelope.item);
  const headBytes = platform.utf8Length(text);
  const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const frame = new Uint8Array(FIXED_BYTES + itemBytes + headBytes + bodyBytes);
  const view = new DataView(frame.buffer);
  frame[0] = MAGIC;
  frame[1] = PROTOCOL_VERSION;
  view.setUint16(2, itemBytes);
  platform.utf8Write(frame, envelope.item, PREFIX_BYTES);
  view.setUint32(PREFIX_BYTES + itemBytes, headBytes);
  const headAt = FIXED_BYTES + itemBytes;
  platform.utf8Write(frame, text, headAt);
  let at = headAt + headBytes;
  view.setUint32(headAt - 4, checksumOf(frame, headAt, at));
  for (const body of bodies) {
    frame.set(body, at);
    at += body.length;
  }
  return frame;
}

function checksumOf(frame: Uint8Array, headAt: number, headEnd: number): number {
  return platform.crc32(frame.subarray(0, headAt - 4), frame.subarray(headAt, headEnd));
}

function broken(what: string): ReplicationError {
  return new ReplicationError('PROTOCOL', `a peer sent a frame ${what}; it was dropped`);
}

function itemBytesOf(frame: Uint8Array): number {
  const itemBytes = ((frame[2] as number) << 8) | (frame[3] as number);
  if (FIXED_BYTES + itemBytes > frame.length) throw broken('with a cut header');
  return itemBytes;
}

/**
 * The item a frame is for, before anything else of it is read.
 * @throws {ReplicationError} PROTOCOL for other magic, another version, or a cut header.
 */
export function itemOf(frame: Uint8Array): string {
  if (frame.length < FIXED_BYTES || frame[0] !== MAGIC) throw broken('that is not replichart’s');
  if (frame[1] !== PROTOCOL_VERSION) {
    throw broken(
      `of protocol ${frame[1]}, this side speaks ${PROTOCOL_VERSION}: upgrade the older`,
    );
  }
  return platform.utf8Decode(frame, PREFIX_BYTES, PREFIX_BYTES + itemBytesOf(frame));
}

/** Takes payload bytes out of a frame in the order of the head and checks each one (S12). */
class BodyReader {
  readonly #frame: Uint8Array;
  #at: number;

  constructor(frame: Uint8Array, at: number) {
    this.#frame = frame;
    this.#at = at;
  }

  take(wire: WirePayload): Payload {
    const { bytes, checksum } = wire;
    if (!wire.inline) return { bytes, checksum };
    const end = this.#at + bytes;
    if (end > this.#frame.length) throw broken('shorter than its payload');
    const body = this.#frame.subarray(this.#at, end);
    this.#at = end;
    if (platform.digest(body) !== checksum) throw broken('whose payload fails its checksum');
    return { bytes, checksum, body };
  }

  get isAtEnd(): boolean {
    return this.#at === this.#frame.length;
  }
}

function join(message: Message, reader: BodyReader): Message {
  let joined = message;
  if ('links' in joined) {
    const links = joined.links.map((link) =>
      link.payload === undefined
        ? link
        : { ...link, payload: reader.take(link.payload as unknown as WirePayload) },
    );
    joined = { ...joined, links };
  }
  if ('payload' in joined) {
    joined = { ...joined, payload: reader.take(joined.payload as unknown as WirePayload) };
  }
  return joined;
}

function parseHead(text: string): readonly [unknown, unknown] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ReplicationError('PROTOCOL', 'a peer sent a frame whose head is no JSON', { cause });
  }
  if (!Array.isArray(parsed) || parsed.length !== 2) throw broken('whose head is no pair');
  return [parsed[0], parsed[1]];
}

/**
 * Decodes and checks one frame. Payload bodies are views into `frame`.
 * @throws {ReplicationError} PROTOCOL, naming what is wrong; nothing else.
 */
export function decodeFrame(frame: Uint8Array): Enveloped {
  itemOf(frame);
  const headAt = FIXED_BYTES + itemBytesOf(frame);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const headEnd = headAt + view.getUint32(headAt - HEAD_FIELDS_BYTES);
  if (headEnd - headAt > HEAD_BYTES_MAX || headEnd > frame.length) throw broken('with a cut head');
  if (checksumOf(frame, headAt, headEnd) !== view.getUint32(headAt - 4)) {
    throw broken('whose head fails its checksum');
  }
  const [given, body] = parseHead(platform.utf8Decode(frame, headAt, headEnd));
  const envelope = envelopeShape(given, 'envelope');
  const kind = (body as { kind?: unknown } | null)?.kind;
  if (typeof kind !== 'string' || !Object.hasOwn(messageShapes, kind)) {
    throw broken(`of the unknown kind ${JSON.stringify(kind)?.slice(0, 40)}`);
  }
  const message = { kind, ...messageShapes[kind as MessageKind](body, kind) } as Message;
  const reader = new BodyReader(frame, headEnd);
  const whole = join(message, reader);
  if (!reader.isAtEnd) throw broken('longer than its payloads');
  return { ...whole, envelope };
}
