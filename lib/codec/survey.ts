/**
 * One walk over a value before it is encoded: is it plain JSON data, does it need superjson, or
 * can nothing carry it? What JSON or superjson would change without a word (a class instance, a
 * function, a hole in an array, an invalid Date) is refused here with its path instead.
 */
import { ReplicationError } from '../errors.js';
import type { CodecBudget } from './budget.js';
import { isHostileKey, isReservedKey } from './keys.js';
import { reasonAgainst } from './refusal.js';

/** What `surveyValue` found: JSON alone carries it, or superjson does. */
export type Carriage = 'plain' | 'rich';

const PLAIN = 0;
const RICH = 1;
const REFUSED = 2;

interface Tally {
  readonly budget: CodecBudget;
  nodes: number;
  annotations: number;
}

function surveyArray(value: readonly unknown[], depth: number, tally: Tally): number {
  // Other keys than the indices, or fewer: JSON would drop the ones and fill the holes.
  if (Object.getPrototypeOf(value) !== Array.prototype) return REFUSED;
  if (Object.keys(value).length !== value.length) return REFUSED;
  let found = PLAIN;
  for (let index = 0; index < value.length; index += 1) {
    found |= survey(value[index], depth, tally);
    if (found & REFUSED) return found;
  }
  return found;
}

function surveyRecord(value: object, depth: number, tally: Tally): number {
  if (Object.getOwnPropertySymbols(value).length > 0) return REFUSED;
  let found = PLAIN;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (isHostileKey(key, member)) return REFUSED;
    // Such an object has an annotation of its own, should the value turn out to be rich.
    if (isReservedKey(key)) tally.annotations += 1;
    found |= survey(member, depth, tally);
    if (found & REFUSED) return found;
  }
  return found;
}

function surveyMembers(value: Map<unknown, unknown> | Set<unknown>, depth: number, tally: Tally) {
  let found = RICH;
  for (const [key, member] of value.entries()) {
    found |= survey(key, depth + 1, tally);
    if (value instanceof Map) found |= survey(member, depth + 1, tally);
    if (found & REFUSED) return found;
  }
  return found;
}

function surveyObject(value: object, depth: number, tally: Tally): number {
  if (depth > tally.budget.depthMax) return REFUSED;
  if (Array.isArray(value)) return surveyArray(value, depth + 1, tally);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return surveyRecord(value, depth + 1, tally);
  }
  tally.annotations += 1;
  if (reasonAgainst(value, tally.budget) !== null) return REFUSED;
  if (value instanceof Map || value instanceof Set) return surveyMembers(value, depth + 1, tally);
  return RICH;
}

function survey(value: unknown, depth: number, tally: Tally): number {
  tally.nodes += 1;
  if (tally.nodes > tally.budget.nodesMax) {
    const limit = `more than ${tally.budget.nodesMax} parts (budget.nodesMax)`;
    throw new ReplicationError('TOO_LARGE', `The value has ${limit}; split it`);
  }
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return PLAIN;
    case 'number':
      if (Number.isFinite(value) && !(value === 0 && 1 / value < 0)) return PLAIN;
      tally.annotations += 1;
      return RICH;
    case 'object':
      return value === null ? PLAIN : surveyObject(value, depth, tally);
    default:
      tally.annotations += 1;
      return reasonAgainst(value, tally.budget) === null ? RICH : REFUSED;
  }
}

/**
 * Undefined when nothing can carry the value: `explainRefusal` then says which part and why.
 * @throws {ReplicationError} TOO_LARGE past the budget's number of parts.
 */
export function surveyValue(value: unknown, budget: CodecBudget, depth = 0): Carriage | undefined {
  const tally: Tally = { budget, nodes: 0, annotations: 0 };
  const found = survey(value, depth, tally);
  if (tally.annotations > budget.annotationsMax) {
    const limit = `more than ${budget.annotationsMax} parts beyond JSON (budget.annotationsMax)`;
    throw new ReplicationError('TOO_LARGE', `The value has ${limit}; split it`);
  }
  if (found & REFUSED) return undefined;
  return found === PLAIN ? 'plain' : 'rich';
}
