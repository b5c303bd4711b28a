/** The bytes of a JSON file as a value that every copy can hold exactly, or why not. */
import { isUtf8 } from 'node:buffer';
import { locateJsonError, placeOf } from './locate-json-error.js';

export type ParsedJson =
  | { readonly value: unknown }
  | {
      readonly problem: string /** An empty file is what a truncating editor leaves. */;
      readonly empty: boolean;
    };

const BYTE_ORDER_MARK = 0xfeff;
/** Strings are matched too, so that digits inside them are passed over. Only for valid JSON. */
const TOKENS = /"(?:[^"\\]+|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Only files with this can hold such a number; it may be part of a text all the same. */
const SUSPECT = /[[:,\s]-?(?:\d{16}|\d[\d.]*[eE]\+?\d{2})|^\s*-?\d/;

function isExact(token: string, value: number): boolean {
  return token.length < 16 || !/^-?\d+$/.test(token) || BigInt(token) === BigInt(value);
}

/**
 * A double keeps about 16 digits. Fractions are rounded as every JSON reader rounds them; a whole
 * number that would come out as another one (an id, say) or as infinity is damage, so it is named.
 */
function findInexactNumber(text: string): string | null {
  if (!SUSPECT.test(text)) return null;
  for (const match of text.matchAll(TOKENS)) {
    const token = match[0];
    if (token.startsWith('"') || token.length < 4) continue;
    const value = Number(token);
    // Infinity is no BigInt, and to compare digits that no double can hold would cost for nothing.
    if (Number.isFinite(value) && isExact(token, value)) continue;
    const { line, column } = placeOf(text, match.index);
    const shown = token.length > 40 ? `${token.slice(0, 40)}...` : token;
    const where = `line ${line}, column ${column}`;
    return `${where}: the number ${shown} cannot be kept exactly; write it as a string`;
  }
  return null;
}

/** Text of JSON; the place of an error is told by line and column. */
export function parseJson(bytes: Uint8Array): ParsedJson {
  // A replaced character would be damage that nobody is told of.
  if (!isUtf8(bytes)) return { problem: 'it is not UTF-8 text', empty: false };
  const marked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const text = marked.charCodeAt(0) === BYTE_ORDER_MARK ? marked.slice(1) : marked;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    if (text.trim() === '') return { problem: 'it is empty', empty: true };
    const place = locateJsonError(text);
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    const problem =
      place === null
        ? `it is not JSON: ${said}`
        : `it is not JSON: line ${place.line}, column ${place.column}: expected ${place.expected}`;
    return { problem, empty: false };
  }
  const inexact = findInexactNumber(text);
  return inexact === null ? { value } : { problem: inexact, empty: false };
}
