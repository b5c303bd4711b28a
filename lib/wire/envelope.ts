/**
 * Envelopes, which are the same on nearly all frames of a side: their bytes are written once and
 * copied from then on, and bytes seen before are the envelope they were, with the same texts in it.
 */
import { platform } from '#platform';
import { type Envelope, PROTOCOL_VERSION } from '../../machines/protocol.js';
import { HeadReader } from './head-reader.js';
import type { HeadWriter } from './head-writer.js';

/** Senders of frames in this process: one for each item it is master or slave of. */
const WRITTEN_MAX = 64;
/** Senders of what arrives: slaves, at a master. When there are more, all are forgotten. */
const READ_MAX = 1024;
/** Longer ones are read anew each time, so that what is remembered stays below 1 MiB. */
const READ_BYTES_MAX = 512;

interface Written {
  readonly envelope: Envelope;
  readonly bytes: Uint8Array;
}

/** By incarnation, which changes with all else but the epoch. */
const written = new Map<string, Written>();
const read = new Map<string, Envelope>();
let lastText = '';
let lastRead: Envelope | null = null;

function isSame(left: Envelope, right: Envelope): boolean {
  return (
    left.sender === right.sender &&
    left.item === right.item &&
    left.lineage === right.lineage &&
    left.epoch.start === right.epoch.start &&
    left.epoch.term === right.epoch.term
  );
}

export function writeEnvelope(writer: HeadWriter, envelope: Envelope): void {
  const { incarnation } = envelope;
  const known = written.get(incarnation);
  if (known !== undefined && isSame(known.envelope, envelope)) {
    const { bytes } = known;
    writer.room(bytes.length);
    writer.bytes.set(bytes, writer.at);
    writer.at += bytes.length;
    return;
  }
  const before = writer.at - writer.start;
  writer.text(envelope.item);
  writer.text(envelope.lineage);
  writer.count(envelope.epoch.term);
  writer.count(envelope.epoch.start);
  writer.text(incarnation);
  writer.text(envelope.sender);
  if (written.size >= WRITTEN_MAX) written.clear();
  const bytes = writer.bytes.slice(writer.start + before, writer.at);
  written.set(incarnation, { envelope: { ...envelope, epoch: { ...envelope.epoch } }, bytes });
}

function parse(frame: Uint8Array, start: number, end: number): Envelope {
  const reader = new HeadReader(frame, start, end, null);
  const envelope: Envelope = {
    protocol: PROTOCOL_VERSION,
    item: reader.text(),
    lineage: reader.text(),
    epoch: Object.freeze(reader.epoch()),
    incarnation: reader.text(),
    sender: reader.text(),
  };
  reader.finish();
  return Object.freeze(envelope);
}

function known(text: string): Envelope | null {
  if (text === lastText && lastRead !== null) return lastRead;
  const envelope = read.get(text);
  if (envelope === undefined) return null;
  lastText = text;
  lastRead = envelope;
  return envelope;
}

/** The item named by an envelope of which nothing else may be right. */
export function readItem(frame: Uint8Array, start: number, end: number): string {
  const envelope = known(platform.latin1Decode(frame, start, end));
  return envelope?.item ?? new HeadReader(frame, start, end, null).text();
}

/** @throws {ReplicationError} PROTOCOL; the frame's checksum must have been right. */
export function readEnvelope(frame: Uint8Array, start: number, end: number): Envelope {
  const text = platform.latin1Decode(frame, start, end);
  const envelope = known(text) ?? parse(frame, start, end);
  if (envelope === lastRead || text.length > READ_BYTES_MAX) return envelope;
  if (read.size >= READ_MAX) read.clear();
  read.set(text, envelope);
  lastText = text;
  lastRead = envelope;
  return envelope;
}
