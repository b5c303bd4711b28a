/**
 * The text form of one value. Plain JSON data is written by JSON itself, a tenth of the cost of
 * superjson; everything else by superjson. A leading letter says which. Values are trees: an
 * object that stands in two places arrives as two equal copies, one that contains itself is
 * refused, because neither can be compared, bounded or patched otherwise.
 */
import { asReplicationError, ReplicationError } from '../errors.js';
import { type CodecBudget, VALUE_BUDGET } from './budget.js';
import { isHostileKey, isReservedKey } from './keys.js';
import { writePlain } from './plain-writer.js';
import { explainRefusal } from './refusal.js';
import { restoreRich } from './rich-reader.js';
import { stringifyRich } from './rich-writer.js';
import { surveyValue } from './survey.js';

const PLAIN_TAG = 'j';
const RICH_TAG = 's';

/**
 * The text of a value: null, boolean, string, any number, bigint, undefined, Date, URL, typed
 * arrays (a Node `Buffer` arrives as `Uint8Array`), and plain objects, arrays, Maps, Sets of them.
 * @throws {ReplicationError} INVALID_OPTION with the path of a part that nothing can carry (a
 * function, a symbol, a class instance, RegExp, Error, a hole, a cycle, a key `__proto__`,
 * a key `prototype` below `constructor`); TOO_LARGE past the budget.
 */
export function encodeValue(value: unknown, budget: CodecBudget = VALUE_BUDGET): string {
  const text = writePlain(value, budget, PLAIN_TAG) ?? encodeSurveyed(value, budget);
  if (text.length > budget.textLengthMax) {
    const limit = `${budget.textLengthMax} (budget.textLengthMax)`;
    throw new ReplicationError(
      'TOO_LARGE',
      `The value has ${text.length} characters, over ${limit}`,
    );
  }
  return text;
}

function encodeSurveyed(value: unknown, budget: CodecBudget): string {
  const carriage = surveyValue(value, budget);
  if (carriage === undefined) throw explainRefusal(value, budget);
  return carriage === 'plain' ? PLAIN_TAG + JSON.stringify(value) : RICH_TAG + stringifyRich(value);
}

interface Scan {
  readonly isRefused: (key: string, value: unknown) => boolean;
  readonly nodesMax: number;
  nodes: number;
}

function refuse(problem: string): never {
  throw new ReplicationError('PROTOCOL', `An encoded value is malformed: ${problem}`);
}

/** On the parsed value, because `"\u005f_proto__"` would get past a search of the text. */
function scanParsed(value: unknown, depthLeft: number, scan: Scan): void {
  scan.nodes += 1;
  if (scan.nodes > scan.nodesMax) refuse(`it has more than ${scan.nodesMax} parts`);
  if (typeof value !== 'object' || value === null) return;
  if (depthLeft <= 0) refuse('it is nested too deep');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      scanParsed(value[index], depthLeft - 1, scan);
    }
    return;
  }
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (scan.isRefused(key, member)) refuse(`it has a key ${key}`);
    scanParsed(member, depthLeft - 1, scan);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.slice(1));
  } catch (error) {
    throw asReplicationError(error, 'PROTOCOL', 'An encoded value cannot be parsed');
  }
}

/**
 * The value of a text that `encodeValue` made, perhaps on a hostile peer. Fresh on every call.
 * @throws {ReplicationError} PROTOCOL for anything else, and for anything past the budget.
 */
export function decodeValue(text: string, budget: CodecBudget = VALUE_BUDGET): unknown {
  if (text.length > budget.textLengthMax) refuse(`it is longer than ${budget.textLengthMax}`);
  const tag = text[0];
  if (tag !== PLAIN_TAG && tag !== RICH_TAG) refuse('it does not say how it is encoded');
  const parsed = parse(text);
  if (tag === PLAIN_TAG) {
    scanParsed(parsed, budget.depthMax + 1, {
      isRefused: isHostileKey,
      nodesMax: budget.nodesMax,
      nodes: 0,
    });
    return parsed;
  }
  // A Map is a list of pairs and has an annotation beside it, itself a small tree: the same value
  // is up to eight times the parts and three times the depth once it is written down.
  const nodesMax = budget.nodesMax * 8 + 8;
  scanParsed(parsed, budget.depthMax * 3 + 8, { isRefused: isReservedKey, nodesMax, nodes: 0 });
  return restoreRich(parsed, budget);
}

/** Whether a text at least claims a known encoding; what costs nothing before a lazy decode. */
export function looksEncoded(text: string): boolean {
  return text.startsWith(PLAIN_TAG) || text.startsWith(RICH_TAG);
}

const TAG_BYTES: ReadonlySet<number | undefined> = new Set(
  [PLAIN_TAG, RICH_TAG].map((tag) => tag.charCodeAt(0)),
);

/** As `looksEncoded`, of the first byte of the text's UTF-8. */
export function startsEncoded(byte: number | undefined): boolean {
  return TAG_BYTES.has(byte);
}
