/**
 * Lines of a recording as text. `kind` comes first and `at` second; how values that JSON does not
 * know are written is told in `lines/marks.ts`. What is read may come from anybody.
 */
import { ReplicationError, reasonOf } from '../errors.js';
import type { Line } from './entries.js';
import { anyLine } from './lines/line-shapes.js';
import { marked, unmarked } from './lines/marks.js';

/** Characters of a line; keyframes of thousands of slaves have some millions. */
export const LINE_LENGTH_MAX = 64 * 1024 * 1024;

/** Without a line end. Never throws: `keptValue` has made of everything what can be written. */
export function writeLine(line: Line): string {
  const { kind, at, ...rest } = line;
  return JSON.stringify({ kind, at, ...(marked(rest) as object) });
}

function damaged(number: number | undefined, problem: string): ReplicationError {
  const which = number === undefined ? 'a line' : `line ${number}`;
  return new ReplicationError('CORRUPT', `${which} is not of a recording: ${problem}`);
}

/**
 * @param text without its line end
 * @param number of the line, from 1, for the message
 * @throws {ReplicationError} CORRUPT, naming the line and what is wrong with it; nothing else
 */
export function readLine(text: string, number?: number): Line {
  if (text.length > LINE_LENGTH_MAX) {
    throw damaged(number, `it has more than ${LINE_LENGTH_MAX} characters`);
  }
  let value: unknown;
  try {
    value = unmarked(JSON.parse(text));
  } catch (error) {
    throw damaged(number, reasonOf(error).slice(0, 200));
  }
  const problem = anyLine(value);
  if (problem !== null) throw damaged(number, problem.trimStart());
  return value as Line;
}
