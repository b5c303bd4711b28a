/** Reads a recording line by line; a process that was killed leaves half a line at the end. */
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { Line } from '../entries.js';
import { LINE_LENGTH_MAX, readLine } from '../json.js';

/** A line with its number in the file, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly line: Line;
}

export interface ReadOptions {
  /** Told of a last line that is damaged; all before it was good. */
  readonly damagedTail?: (error: ReplicationError) => void;
}

interface NumberedText {
  readonly number: number;
  readonly text: string;
}

function tooLong(number: number): ReplicationError {
  const message = `line ${number} has more than ${LINE_LENGTH_MAX} characters: no recording`;
  return new ReplicationError('CORRUPT', message);
}

/** Texts between line ends; memory is bounded by the longest line a recording may have. */
async function* textsOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<NumberedText> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of chunks) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      yield { number, text: parts.join('') + piece };
      parts = [];
      length = 0;
      number += 1;
    }
    parts.push(rest);
    length += rest.length;
    if (length > LINE_LENGTH_MAX) throw tooLong(number);
  }
  const rest = parts.join('') + decoder.decode();
  if (rest !== '') yield { number, text: rest };
}

function checkHeader({ line }: NumberedLine): void {
  if (line.kind === 'replichart-recording') return;
  throw new ReplicationError('CORRUPT', 'it does not begin as a recording of replichart does');
}

/**
 * The lines of a recording, the header among them.
 * @throws {ReplicationError} CORRUPT naming the line, when it is not the last one, or no recording
 */
export async function* readRecording(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<NumberedLine> {
  let damage: ReplicationError | null = null;
  for await (const { number, text } of textsOf(chunks)) {
    // Only of the last line is it known that its writer was interrupted.
    if (damage !== null) throw damage;
    try {
      const numbered = { number, line: readLine(text, number) };
      if (number === 1) checkHeader(numbered);
      yield numbered;
    } catch (error) {
      damage = asReplicationError(error, 'CORRUPT', `line ${number}`);
      if (number === 1) throw damage;
    }
  }
  if (damage !== null) options.damagedTail?.(damage);
}
