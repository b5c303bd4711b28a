/** Why a master refuses a slave, as a number on the wire and as words for the slave's people. */
import { ReplicationError } from '../../errors.js';

const REFUSALS = {
  PROTOCOL: { number: 1, words: 'frameBytesMax of the two sides differs: give both the same' },
  OVERLOADED: { number: 2, words: 'it has as many slaves as it allows (maxConnections)' },
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export function encodeRefusal(code: RefusalCode): number {
  return REFUSALS[code].number;
}

export function refusalOf(number: number, where: string): ReplicationError {
  for (const [code, { number: known, words }] of Object.entries(REFUSALS)) {
    if (known !== number) continue;
    return new ReplicationError(code as RefusalCode, `the master on ${where} refused: ${words}`);
  }
  const message = `the master on ${where} refused for a reason (${number}) unknown to this version`;
  return new ReplicationError('PROTOCOL', message);
}
