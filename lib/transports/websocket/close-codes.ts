/**
 * Why a connection was ended, as close codes: all that a browser lets its page see of a refusal.
 * Below 4000 they are those of RFC 6455; ours are 4000 and the HTTP status that means the same.
 */
import { type ErrorCode, ReplicationError } from '../../errors.js';
import type { ChannelEnd } from './channel.js';

export const CLOSE_NORMAL = 1000;
/** The page is left or the server goes away. */
const CLOSE_GOING_AWAY = 1001;
/** The other side closed without saying a code. */
const CLOSE_NO_STATUS = 1005;

interface Refusal {
  readonly closeCode: number;
  readonly words: string;
}

const REFUSALS = {
  PROTOCOL: {
    closeCode: 4400,
    words: 'the versions, roles or frameBytesMax of the two sides differ, or a message was wrong',
  },
  UNAUTHORIZED: {
    closeCode: 4401,
    words: 'the secrets differ: give both sides the same "secret"',
  },
  TIMEOUT: { closeCode: 4408, words: 'the handshake took longer than its handshakeTimeoutMs' },
  TOO_LARGE: { closeCode: 4413, words: 'a frame was above its frameBytesMax' },
  OVERLOADED: {
    closeCode: 4429,
    words: 'it has as many connections as it allows, or this side was too slow',
  },
} as const satisfies Partial<Record<ErrorCode, Refusal>>;

type RefusalCode = keyof typeof REFUSALS;

/** What RFC 6455 has of its own for these; the package ws sends 1009 by itself. */
const STANDARD: Readonly<Record<number, RefusalCode>> = {
  1002: 'PROTOCOL',
  1003: 'PROTOCOL',
  1007: 'PROTOCOL',
  1008: 'PROTOCOL',
  1009: 'TOO_LARGE',
};

/** The close code that tells the other side of this error. */
export function closeCodeOf(code: ErrorCode): number {
  return (code in REFUSALS ? REFUSALS[code as RefusalCode] : REFUSALS.PROTOCOL).closeCode;
}

function refusalCodeOf(closeCode: number): RefusalCode | undefined {
  for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
    if (REFUSALS[code].closeCode === closeCode) return code;
  }
  return STANDARD[closeCode];
}

export function isOrderly({ code }: ChannelEnd): boolean {
  return code === CLOSE_NORMAL || code === CLOSE_GOING_AWAY || code === CLOSE_NO_STATUS;
}

/** What the other side's close code means; null for an orderly end or one without a reason. */
export function refusalOf({ code }: ChannelEnd, other: string): ReplicationError | null {
  const refused = refusalCodeOf(code);
  if (refused === undefined) return null;
  const { words } = REFUSALS[refused];
  return new ReplicationError(refused, `${other} ended the connection (${code}): ${words}`);
}
