/**
 * What a host knows of the replicated map by reading it like any reader: an own sum of hashes over
 * all entries, kept up to date with each commit, and the changes that became visible. It shares
 * nothing with the library's digest or content hash, which it is there to judge.
 */
import { createHash } from 'node:crypto';
import type { KeyValueData } from '../../lib/layers/key-value/copy.js';
import type { NodeLog } from './process-log.js';
import type { Mark } from './process-messages.js';

/** Keys of this form belong to one change each. */
const OWN = 'change:';

export function ownKey(change: string): string {
  return OWN + change;
}

export function changesOf(data: KeyValueData<Mark>): string[] {
  return [...data.keys()].filter((key) => key.startsWith(OWN)).map((key) => key.slice(OWN.length));
}

/** Two 32-bit words: their sums do not depend on the order in which entries came. */
function hashOf(key: string, value: Mark): readonly [number, number] {
  const bytes = createHash('sha256')
    .update(JSON.stringify([key, value]))
    .digest();
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
}

export class Shadow {
  readonly #data: KeyValueData<Mark>;
  readonly #log: NodeLog;
  readonly #hashes = new Map<string, readonly [number, number]>();
  #low = 0;
  #high = 0;

  readonly #isWrong: boolean;

  /** @param isWrong the seeded bug `wrong-content`: this node reads one key as another value */
  constructor(data: KeyValueData<Mark>, log: NodeLog, isWrong = false) {
    this.#isWrong = isWrong;
    this.#data = data;
    this.#log = log;
    data.subscribe(({ changedKeys }) => this.#show(changedKeys));
  }

  get sum(): string {
    return `${this.#high.toString(16)}-${this.#low.toString(16)}`;
  }

  #show(changedKeys: readonly string[] | null): void {
    if (changedKeys === null) this.#readAll();
    else for (const key of changedKeys) this.#update(key);
    const position = this.#data.position();
    const keys = changedKeys?.filter((key) => key.startsWith(OWN));
    this.#log.write({
      kind: 'shown',
      lineage: position?.lineage ?? '',
      version: position?.version ?? 0,
      digest: position?.digest ?? '',
      sum: this.sum,
      changes: keys?.map((key) => key.slice(OWN.length)) ?? changesOf(this.#data),
    });
  }

  #readAll(): void {
    this.#hashes.clear();
    this.#low = 0;
    this.#high = 0;
    for (const key of this.#data.keys()) this.#update(key);
  }

  #update(key: string): void {
    const before = this.#hashes.get(key);
    const value = this.#read(key);
    const after = value === undefined ? undefined : hashOf(key, value);
    this.#low = (this.#low - (before?.[0] ?? 0) + (after?.[0] ?? 0)) >>> 0;
    this.#high = (this.#high - (before?.[1] ?? 0) + (after?.[1] ?? 0)) >>> 0;
    if (after === undefined) this.#hashes.delete(key);
    else this.#hashes.set(key, after);
  }

  #read(key: string): Mark | undefined {
    const value = this.#data.get(key);
    const isAltered = this.#isWrong && value !== undefined && key === 'shared:3';
    return isAltered ? { ...value, change: `not ${value.change}` } : value;
  }
}
