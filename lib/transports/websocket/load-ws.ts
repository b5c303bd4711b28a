/** The optional package ws, loaded when it is needed: who only connects may do without it. */
import { ReplicationError, reasonOf } from '../../errors.js';

type Ws = typeof import('ws');

/** @throws {ReplicationError} INVALID_OPTION when it is not installed */
export async function loadWs(who: string): Promise<Ws> {
  try {
    return await import('ws');
  } catch (thrown) {
    const message =
      `${who} needs the optional package ws, which cannot be loaded here: run "npm install ws" ` +
      `(${reasonOf(thrown)})`;
    throw new ReplicationError('INVALID_OPTION', message, { cause: thrown });
  }
}
