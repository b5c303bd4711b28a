/** How a command that failed says so. */
import { CommanderError } from 'commander';
import { ReplicationError, reasonOf } from '../errors.js';
import { EXIT } from './exit-codes.js';
import { makeOutput, type Streams } from './output.js';
import { plainText } from './plain-text.js';

/** A demo that was interrupted: it neither succeeded nor failed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Prints an expected failure as one line, and returns the exit code. */
export function reportFailure(thrown: unknown, streams: Streams, json: boolean): number {
  if (thrown instanceof CommanderError) {
    // Commander printed its message, which names the option, already. Help that was asked for
    // arrives here too, with an exit code of 0.
    return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  if (thrown instanceof Interrupted) return EXIT.interrupted;
  const expected = thrown instanceof ReplicationError;
  const code = expected ? thrown.code : 'INTERNAL';
  const text = plainText(reasonOf(thrown));
  if (json) makeOutput(streams, true).problem('failed', text, { code });
  const hint = expected ? '' : ' (this is a defect: run with REPLICHART_DEBUG=1 and report it)';
  streams.stderr.write(`replichart: ${text}${hint}\n`);
  const debug = (streams.env.REPLICHART_DEBUG ?? '') !== '';
  if (debug && thrown instanceof Error) streams.stderr.write(`${thrown.stack ?? ''}\n`);
  return EXIT.failed;
}
