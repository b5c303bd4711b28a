/**
 * What the two transports say to each other on the stream, between the frames of the services: the
 * mark of this connection, 16 random bytes that no service frame begins with, and one byte.
 */
import { Buffer } from 'node:buffer';
import { MARK_BYTES, TERMS_BYTES } from './greeting.js';

const WORD_BYTES = MARK_BYTES + 1;

/** Slave to master. */
export const WORDS = {
  /** The group is joined: send a datagram to it, that this slave may see whether any arrives. */
  ready: 1,
  /** Datagrams arrive here: multicast frames need not come by the stream. */
  hearing: 2,
  /** None arrives any more: multicast frames by the stream, please. */
  deaf: 3,
} as const;
export type Word = (typeof WORDS)[keyof typeof WORDS];

export function encodeWord(mark: Uint8Array, word: Word): Buffer {
  return Buffer.concat([mark, Buffer.of(word)]);
}

function isMarked(frame: Uint8Array, mark: Uint8Array): boolean {
  for (let at = 0; at < MARK_BYTES; at += 1) if (frame[at] !== mark[at]) return false;
  return true;
}

/** The word this frame is, as a number; 0 for a frame of the services. */
export function wordOf(frame: Uint8Array, mark: Uint8Array): number {
  if (frame.length !== WORD_BYTES || !isMarked(frame, mark)) return 0;
  return frame[MARK_BYTES] as number;
}

/** Master to slave: terms that take the place of those before, for its key was exchanged. */
export function encodeNewTerms(mark: Uint8Array, terms: Uint8Array): Buffer {
  return Buffer.concat([mark, terms]);
}

/** The terms in this frame; null for a frame of the services. */
export function newTermsOf(frame: Uint8Array, mark: Uint8Array): Uint8Array | null {
  if (frame.length !== MARK_BYTES + TERMS_BYTES || !isMarked(frame, mark)) return null;
  return frame.subarray(MARK_BYTES);
}
