/** The master's one-byte answer to a handshake; why it refused must reach the slave's people. */
import type { ErrorCode } from '../../errors.js';
import { ReplicationError } from '../../errors.js';

export const ACCEPTED = 0;

interface Refusal {
  readonly code: ErrorCode;
  readonly words: string;
}

const PROTOCOL = 1;
const NOT_PERMITTED = 4;

const REFUSALS: Readonly<Record<number, Refusal>> = {
  [PROTOCOL]: {
    code: 'PROTOCOL',
    words: 'the versions, roles or frameBytesMax of the two sides differ',
  },
  2: { code: 'UNAUTHORIZED', words: 'the secrets differ: give both sides the same "secret"' },
  3: {
    code: 'OVERLOADED',
    words: 'it has as many connections as it allows (maxConnections, connectionsPerAddressMax)',
  },
  [NOT_PERMITTED]: {
    code: 'UNAUTHORIZED',
    words:
      'the certificate of this slave was not issued for a slave (URI:replichart:slave:NAME), or ' +
      'its name is not among the "peers" of the master',
  },
};

/** @param admitting the other side fits, but may not come in */
export function refusalByte(code: ErrorCode, admitting: boolean): number {
  if (admitting && code === 'UNAUTHORIZED') return NOT_PERMITTED;
  const known = Object.entries(REFUSALS).find(([, refusal]) => refusal.code === code);
  return known === undefined ? PROTOCOL : Number(known[0]);
}

export function refusalOf(byte: number, other: string): ReplicationError {
  const refusal = REFUSALS[byte];
  if (refusal !== undefined) {
    return new ReplicationError(refusal.code, `${other} refused this slave: ${refusal.words}`);
  }
  const message = `${other} refused this slave for a reason (${byte}) this version does not know`;
  return new ReplicationError('PROTOCOL', message);
}
