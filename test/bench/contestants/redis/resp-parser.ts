/** Replies of the Redis protocol, version 2. */

export type RespValue = string | number | null | Error | readonly RespValue[];

export interface Parsed {
  readonly value: RespValue;
  readonly end: number;
}

const CR = 13;

const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOLLAR = 36;
const STAR = 42;

function parseBulk(bytes: Buffer, start: number, length: number): Parsed | null {
  if (length < 0) return { value: null, end: start };
  const end = start + length + 2;
  if (end > bytes.length) return null;
  return { value: bytes.toString('latin1', start, start + length), end };
}

function parseArray(bytes: Buffer, start: number, length: number): Parsed | null {
  const values: RespValue[] = [];
  let end = start;
  while (values.length < length) {
    const parsed = parseReply(bytes, end);
    if (parsed === null) return null;
    values.push(parsed.value);
    end = parsed.end;
  }
  return { value: values, end };
}

/** The reply that begins at `at`, or null while it is incomplete. */
export function parseReply(bytes: Buffer, at: number): Parsed | null {
  const lineEnd = bytes.indexOf(CR, at);
  if (lineEnd < 0 || lineEnd + 2 > bytes.length) return null;
  const text = bytes.toString('latin1', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes[at]) {
    case PLUS:
      return { value: text, end };
    case MINUS:
      return { value: new Error(`Redis: ${text}`), end };
    case COLON:
      return { value: Number(text), end };
    case DOLLAR:
      return parseBulk(bytes, end, Number(text));
    case STAR:
      return parseArray(bytes, end, Number(text));
    default:
      throw new Error(`not a reply of Redis: ${JSON.stringify(text.slice(0, 40))}`);
  }
}
