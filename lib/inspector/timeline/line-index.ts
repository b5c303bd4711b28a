/**
 * Finds in the bytes of a line what sorts it: its kind, its time, and whose it is. The contract
 * of entries.ts puts them first, so a hundred megabytes are sorted without parsing any JSON.
 */
import type { Line } from '../entries.js';

export type LineKind = Line['kind'];

/** Order is the code in the index; 0 stands for lines that are none of ours. */
export const LINE_KINDS = [
  'unknown',
  'replichart-recording',
  'node',
  'node-end',
  'report',
  'machine',
  'actor',
  'actor-end',
  'step',
  'message',
  'change',
  'trouble',
  'gap',
  'keyframe',
] as const satisfies ReadonlyArray<LineKind | 'unknown'>;

export type LineCode = number;

export const CODE_OF = Object.fromEntries(LINE_KINDS.map((kind, code) => [kind, code])) as Readonly<
  Record<(typeof LINE_KINDS)[number], LineCode>
>;

/** Where a line begins its value of `kind`: after `{"kind":"`. */
const KIND_AT = 9;
/** Between the kind and the time: `","at":`. */
const AT_PREFIX = 7;
const QUOTE = 34;
const COMMA = 44;
const DOT = 46;
const COLON = 58;
const ZERO = 48;

/** Kinds differ in their length and first two letters. */
const signatureOf = (length: number, first: number, second: number): number =>
  (length << 16) | (first << 8) | second;

const CODE_BY_SIGNATURE = new Map(
  LINE_KINDS.slice(1).map((kind) => [
    signatureOf(kind.length, kind.charCodeAt(0), kind.charCodeAt(1)),
    CODE_OF[kind],
  ]),
);

/** What the beginning of a line tells; one object is filled again and again. */
export interface LineHead {
  code: LineCode;
  at: number;
  /** Of the third field, where that is a word: the id of a node, an actor, or a machine. */
  ownerStart: number;
  ownerEnd: number;
}

export const emptyHead = (): LineHead => ({ code: 0, at: 0, ownerStart: 0, ownerEnd: 0 });

/** A decimal without exponent, which times are; leaves its end in `head.ownerStart`. */
function readTime(bytes: Uint8Array, from: number, end: number, head: LineHead): void {
  let value = 0;
  let scale = 0;
  let place = from;
  for (; place < end; place += 1) {
    const byte = bytes[place] ?? 0;
    if (byte === DOT) {
      scale = 1;
      continue;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    scale *= 10;
  }
  head.at = scale > 1 ? value / scale : value;
  head.ownerStart = place;
}

function readOwner(bytes: Uint8Array, end: number, head: LineHead): void {
  let place = head.ownerStart;
  head.ownerStart = 0;
  head.ownerEnd = 0;
  if (bytes[place] !== COMMA) return;
  place = bytes.indexOf(COLON, place + 1) + 1;
  if (place === 0 || place >= end || bytes[place] !== QUOTE) return;
  const close = bytes.indexOf(QUOTE, place + 1);
  if (close < 0 || close >= end) return;
  head.ownerStart = place + 1;
  head.ownerEnd = close;
}

/** Fills `head` from the line at `start`; `code` is 0 when the line is not one of ours. */
export function readHead(bytes: Uint8Array, start: number, end: number, head: LineHead): void {
  head.code = 0;
  head.ownerStart = 0;
  head.ownerEnd = 0;
  const from = start + KIND_AT;
  const close = bytes.indexOf(QUOTE, from);
  if (close < 0 || close >= end || end - start < KIND_AT + AT_PREFIX) return;
  const signature = signatureOf(close - from, bytes[from] ?? 0, bytes[from + 1] ?? 0);
  const code = CODE_BY_SIGNATURE.get(signature);
  if (code === undefined) return;
  readTime(bytes, close + AT_PREFIX, end, head);
  readOwner(bytes, end, head);
  head.code = code;
}
