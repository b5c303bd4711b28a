/**
 * Reads what `rich-writer` wrote, by a reader of our own: superjson's applies what a peer wrote in
 * any order (quadratic on Sets, cycles, 16 GB typed arrays: reliability F9); this one walks each
 * part once and knows only the kinds listed here.
 */
import { ReplicationError } from '../errors.js';
import { fromBase64 } from './base64.js';
import type { CodecBudget } from './budget.js';
import { isHostileKey, isPlainRecord } from './keys.js';
import { TYPED_ARRAYS } from './refusal.js';
import { BYTES, PAIRS } from './rich-writer.js';

type Container = Record<string, unknown>;

interface Restoring {
  readonly budget: CodecBudget;
  annotations: number;
}

function refuse(problem: string): never {
  throw new ReplicationError('PROTOCOL', `An encoded value is malformed: ${problem}`);
}

function asText(json: unknown): string {
  return typeof json === 'string' ? json : refuse('a part that should be text is not');
}

function asArray(json: unknown): unknown[] {
  return Array.isArray(json) ? json : refuse('a part that should be a list is not');
}

function restoreBytes(json: unknown): ArrayBufferView {
  const text = asText(json);
  const colon = text.indexOf(':');
  const make = TYPED_ARRAYS.get(text.slice(0, colon));
  const bytes = fromBase64(text.slice(colon + 1));
  if (make === undefined || bytes === undefined) return refuse('its bytes cannot be read');
  try {
    return make(bytes.buffer as ArrayBuffer);
  } catch {
    return refuse('its bytes do not fill whole elements');
  }
}

function restoreBigint(json: unknown, budget: CodecBudget): bigint {
  const text = asText(json);
  if (text.length > budget.bigintDigitsMax + 1 || !/^-?\d+$/.test(text)) {
    return refuse(`a bigint is no number of at most ${budget.bigintDigitsMax} digits`);
  }
  return BigInt(text);
}

function restoreMap(json: unknown): Map<unknown, unknown> {
  const entries = asArray(json);
  for (const entry of entries) if (asArray(entry).length !== 2) refuse('a map entry is no pair');
  return new Map(entries as Array<[unknown, unknown]>);
}

function restoreDate(json: unknown): Date {
  const date = new Date(asText(json));
  return Number.isNaN(date.getTime()) ? refuse('a date is invalid') : date;
}

function restorePairs(json: unknown): Container {
  const record: Container = {};
  for (const pair of asArray(json)) {
    if (asArray(pair).length !== 2) refuse('a pair is none');
    const [name, value] = pair as [unknown, unknown];
    const key = asText(name);
    if (isHostileKey(key, value)) refuse(`it has a key ${key}`);
    record[key] = value;
  }
  return record;
}

const NUMBERS = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

function restoreUrl(json: unknown): URL {
  try {
    return new URL(asText(json));
  } catch {
    return refuse('a URL is invalid');
  }
}

/** RegExp, Error, class and symbol are not here on purpose: a peer must not build those. */
/** The name of a kind; parts that are no text would be called upon to make one of themselves. */
function nameOf(kind: unknown): unknown {
  const isNames = Array.isArray(kind) && kind.every((part) => typeof part === 'string');
  return isNames ? kind.join(' ') : kind;
}

function restoreKind(kind: unknown, json: unknown, budget: CodecBudget): unknown {
  switch (nameOf(kind)) {
    case 'undefined':
      return json === null ? undefined : refuse('an undefined has a content');
    case 'bigint':
      return restoreBigint(json, budget);
    case 'Date':
      return restoreDate(json);
    case 'set':
      return new Set(asArray(json));
    case 'map':
      return restoreMap(json);
    case 'number':
      return NUMBERS.get(asText(json)) ?? refuse('a number is none');
    case 'URL':
      return restoreUrl(json);
    case `custom ${BYTES}`:
      return restoreBytes(json);
    case `custom ${PAIRS}`:
      return restorePairs(json);
    default:
      return refuse(`the kind ${JSON.stringify(kind)?.slice(0, 40)} is not accepted`);
  }
}

/** Splits a path as superjson writes it: dots between keys, backslash before dots in keys. */
function splitPath(path: string): string[] {
  if (!path.includes('\\')) return path.split('.');
  const keys: string[] = [];
  let key = '';
  for (let index = 0; index < path.length; index += 1) {
    const letter = path[index] as string;
    if (letter === '\\') {
      index += 1;
      const escaped = path[index];
      if (escaped !== '\\' && escaped !== '.') refuse('a path is escaped wrongly');
      key += escaped;
    } else if (letter === '.') {
      keys.push(key);
      key = '';
    } else key += letter;
  }
  keys.push(key);
  return keys;
}

/** Only what is still plain JSON may be entered, by a key that is really there. */
function step(at: unknown, key: string): Container {
  const enterable = Array.isArray(at) || isPlainRecord(at);
  if (!enterable || !Object.hasOwn(at, key) || (Array.isArray(at) && key === 'length')) {
    return refuse('a path leads nowhere');
  }
  return at as Container;
}

function restoreBelow(root: unknown, tree: unknown, depth: number, state: Restoring): void {
  if (!isPlainRecord(tree)) refuse('its annotations are no table');
  for (const [path, subtree] of Object.entries(tree)) {
    const keys = splitPath(path);
    const last = keys.pop() as string;
    let at = root;
    for (const key of keys) at = step(at, key)[key];
    const parent = step(at, last);
    parent[last] = restoreAt(parent[last], subtree, depth + keys.length + 1, state);
  }
}

/** Members first: once a list became a Map or a Set, nothing leads into it any more. */
function restoreAt(json: unknown, tree: unknown, depth: number, state: Restoring): unknown {
  state.annotations += 1;
  if (state.annotations > state.budget.annotationsMax) refuse('it has too many annotations');
  if (depth > state.budget.depthMax * 2 + 4) refuse('its annotations are nested too deep');
  if (!Array.isArray(tree)) {
    restoreBelow(json, tree, depth, state);
    return json;
  }
  if (tree.length < 1 || tree.length > 2) refuse('an annotation has a wrong length');
  if (tree.length === 2) restoreBelow(json, tree[1], depth, state);
  return restoreKind(tree[0], json, state.budget);
}

/**
 * The value of `{ json, meta }` as parsed; changes `envelope.json` in place.
 * @throws {ReplicationError} PROTOCOL.
 */
export function restoreRich(envelope: unknown, budget: CodecBudget): unknown {
  if (!isPlainRecord(envelope) || !Object.hasOwn(envelope, 'json'))
    return refuse('it has no content');
  const names = Object.keys(envelope);
  if (names.some((name) => name !== 'json' && name !== 'meta')) refuse('it has unknown parts');
  if (!Object.hasOwn(envelope, 'meta')) return envelope.json;
  return restoreAt(envelope.json, envelope.meta, 0, { budget, annotations: 0 });
}
