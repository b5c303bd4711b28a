/** The master's one-byte answer to a handshake; why it refused must reach the slave's people. */
import type { ErrorCode } from '../../errors.js';
import { ReplicationError } from '../../errors.js';

export const ACCEPTED = 0;

const REFUSALS = {
  PROTOCOL: { byte: 1, words: 'the versions, roles or frameBytesMax of the two sides differ' },
  UNAUTHORIZED: { byte: 2, words: 'the secrets differ: give both sides the same "secret"' },
  OVERLOADED: { byte: 3, words: 'it has as many connections as it allows (maxConnections)' },
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export function refusalByte(code: ErrorCode): number {
  return code in REFUSALS ? REFUSALS[code as RefusalCode].byte : REFUSALS.PROTOCOL.byte;
}

export function refusalOf(byte: number, other: string): ReplicationError {
  for (const [code, { byte: known, words }] of Object.entries(REFUSALS)) {
    if (known !== byte) continue;
    return new ReplicationError(code as RefusalCode, `${other} refused this slave: ${words}`);
  }
  const message = `${other} refused this slave for a reason (${byte}) this version does not know`;
  return new ReplicationError('PROTOCOL', message);
}
