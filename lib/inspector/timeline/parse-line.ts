/** The one place where the timeline meets the format of lines. */
import type { Line } from '../entries.js';
import { readLine } from '../json.js';

/** Undefined for a line that is damaged: the rest of the recording is shown without it. */
export function parseLine(text: string): Line | undefined {
  try {
    return readLine(text);
  } catch {
    return undefined;
  }
}
