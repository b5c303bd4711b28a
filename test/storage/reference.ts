/**
 * The reference of one folder: every state that the service layers ever asked the store for,
 * per item and role, and how far each was acknowledged. Kept beside the store, from the calls
 * alone, so that it shares no code with what it judges.
 */
import { createHash } from 'node:crypto';
import type { StoreOperation } from '../../lib/stores/contract.js';

/** Number of the newest journal entry (the state's index) and a hash of records and data. */
export interface Fingerprint {
  readonly number: number;
  readonly hash: string;
}

/** By item, as the prefix of its keys. */
export type Progress = Readonly<Record<string, number>>;

/** Hash by index; 0 is the state before the first batch. */
export type KnownStates = Readonly<Record<string, readonly string[]>>;

const KEY = /^((?:master|slave)\/\d+\/[^/]+\/)(j|r|d)\/(.*)$/s;

/** The text `hash,number,generation,...` of a journal entry (docs/guides/stores.md). */
function entryOf(value: Uint8Array): { readonly number: number; readonly generation: number } {
  const [, number = '', generation = ''] = Buffer.from(value).toString('utf8').split(',');
  return { number: Number(number), generation: Number(generation) };
}

function hashOf(entries: ReadonlyArray<readonly [string, Uint8Array]>): string {
  const hash = createHash('sha256');
  const sorted = [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
  for (const [key, value] of sorted) {
    hash.update(`${key}\0${value.length}\0`);
    hash.update(value);
  }
  return hash.digest('base64url').slice(0, 22);
}

interface ItemContent {
  head: { number: number; generation: number };
  readonly rest: Array<readonly [string, Uint8Array]>;
}

/** The state of every item in a store's content; data of other generations is no part of it. */
export function fingerprintsOf(
  content: Iterable<readonly [string, Uint8Array]>,
): Map<string, Fingerprint> {
  const items = new Map<string, ItemContent>();
  for (const [key, value] of content) {
    const [, prefix, kind] = KEY.exec(key) ?? [];
    if (prefix === undefined) continue;
    const item = items.get(prefix) ?? { head: { number: 0, generation: 0 }, rest: [] };
    items.set(prefix, item);
    if (kind !== 'j') item.rest.push([key.slice(prefix.length), value]);
    else if (entryOf(value).number > item.head.number) item.head = entryOf(value);
  }
  const found = new Map<string, Fingerprint>();
  for (const [prefix, { head, rest }] of items) {
    const valid = rest.filter(
      ([key]) => key.startsWith('r/') || key.startsWith(`d/${head.generation}/`),
    );
    found.set(prefix, { number: head.number, hash: hashOf(valid) });
  }
  return found;
}

export const EMPTY_STATE = hashOf([]);

/** Follows the calls to one store over all its lives. */
export class StoreReference {
  readonly #content = new Map<string, Uint8Array>();
  readonly #states: Record<string, string[]> = {};
  readonly #asked: Record<string, number> = {};
  readonly #written: Record<string, number> = {};
  readonly #synced: Record<string, number> = {};

  /** A batch was handed to the store; returns how far the items are when it is done. */
  asked(operations: readonly StoreOperation[]): Progress {
    for (const { key, value } of operations) {
      if (value === undefined) this.#content.delete(key);
      else this.#content.set(key, value.slice());
    }
    for (const prefix of journalsIn(operations)) {
      const own = [...this.#content].filter(([key]) => key.startsWith(prefix));
      const state = fingerprintsOf(own).get(prefix) as Fingerprint;
      this.#states[prefix] ??= [EMPTY_STATE];
      this.#states[prefix][state.number] = state.hash;
      this.#asked[prefix] = state.number;
    }
    return { ...this.#asked };
  }

  cleared(prefix: string): void {
    for (const key of this.#content.keys()) if (key.startsWith(prefix)) this.#content.delete(key);
  }

  /** A batch was acknowledged: it and all before it survive, with `sync` also a power cut. */
  acknowledged(progress: Progress, sync: boolean): void {
    Object.assign(this.#written, progress);
    if (sync) Object.assign(this.#synced, progress);
  }

  get written(): Progress {
    return { ...this.#written };
  }

  get synced(): Progress {
    return { ...this.#synced };
  }

  get states(): KnownStates {
    return this.#states;
  }
}

function journalsIn(operations: readonly StoreOperation[]): Set<string> {
  const prefixes = new Set<string>();
  for (const { key } of operations) {
    const [, prefix, kind] = KEY.exec(key) ?? [];
    if (prefix !== undefined && kind === 'j') prefixes.add(prefix);
  }
  return prefixes;
}
