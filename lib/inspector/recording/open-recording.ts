/** A recording from a file. */
import { createReadStream } from 'node:fs';
import { ReplicationError, reasonOf } from '../../errors.js';
import { type NumberedLine, type ReadOptions, readRecording } from './read-recording.js';

/**
 * @throws {ReplicationError} STORE_FAILED when the file cannot be read; CORRUPT as `readRecording`
 */
export async function* openRecording(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<NumberedLine> {
  try {
    yield* readRecording(createReadStream(path), options);
  } catch (error) {
    if (error instanceof ReplicationError) {
      throw new ReplicationError(error.code, `"${path}": ${error.message}`, { cause: error });
    }
    const message = `the recording "${path}" cannot be read: ${reasonOf(error)}`;
    throw new ReplicationError('STORE_FAILED', message, { cause: error });
  }
}
