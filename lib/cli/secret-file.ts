/** The secret of `--secret-file`: on the command line every user of the host would see it. */
import { readFile } from 'node:fs/promises';
import { ReplicationError, reasonOf } from '../errors.js';

/** @throws {ReplicationError} INVALID_OPTION when it cannot be read or is empty */
export async function readSecret(
  path: string | undefined,
  option = '--secret-file',
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    const message = `${option} ${path} cannot be read: ${reasonOf(thrown)}`;
    throw new ReplicationError('INVALID_OPTION', message, { cause: thrown });
  }
  // Editors end a file with a newline, which is no part of the secret.
  const secret = text.replace(/\r?\n$/, '');
  if (secret !== '') return secret;
  throw new ReplicationError('INVALID_OPTION', `${option} ${path} is empty`);
}
