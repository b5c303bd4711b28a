/** Reopens an image with the real store under the real master or slave, and says what it was. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { ReplicationError } from '../../lib/errors.js';
import { sealValue } from '../../lib/stores/checked-value.js';
import type { Store, StoreDefinition } from '../../lib/stores/contract.js';
import { diskStore } from '../../lib/stores/disk.js';
import { FORMAT_KEY } from '../../lib/stores/item-keys.js';
import { STORE_FORMAT } from '../../lib/stores/open-item-storage.js';
import type { ClaimingStore } from '../../lib/stores/shared.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import {
  contentText,
  makeMaster,
  makeSlave,
  type Shown,
  shownKey,
  stopAll,
  TABLE_ITEM,
  TREE_ITEM,
  WRITE_BUFFER_BYTES,
} from './cluster.js';
import { type Image, isCrash } from './image.js';
import { EMPTY_STATE, type Fingerprint, fingerprintsOf } from './reference.js';

export type Outcome = 'new' | 'old' | 'empty' | 'CORRUPT' | 'STORE_FAILED';

export interface Verdict {
  readonly outcome: Outcome | 'wrong';
  /** Of a violation: what came out that must not. */
  readonly wrong: string | null;
  /** Whether it is about a record that was acknowledged as synced. */
  readonly isLoss: boolean;
}

/** How a judge opens a folder; seeded bugs do it differently. */
export type Opener = (folder: string) => StoreDefinition;

export const realStore: Opener = (folder) =>
  diskStore(folder, { writeBufferBytes: WRITE_BUFFER_BYTES });

interface Reopened {
  readonly states: ReadonlyMap<string, Fingerprint>;
  readonly promises: ReadonlySet<string>;
  /** By item: what readers see, under its position. */
  readonly shown: ReadonlyArray<readonly [item: string, key: string, text: string]>;
  readonly holdsPromise: ReadonlySet<string>;
}

type Raw = Map<string, Uint8Array>;

/** Keeps what the engine holds before any master or slave touched it. */
function spied(inner: StoreDefinition, keep: (content: Raw) => void): StoreDefinition {
  let isKept = false;
  const open = async (): Promise<Store> => {
    const store = (await inner.open()) as ClaimingStore;
    if (isKept) return store;
    isKept = true;
    const content: Raw = new Map();
    try {
      for await (const part of store.entries('')) {
        for (const [key, value] of part) content.set(key, value);
      }
    } catch {
      // Damage: whether it matters to the item is for the item's own opening to say.
      return store;
    }
    keep(content);
    return store;
  };
  return { durable: inner.durable, location: inner.location, open };
}

function prefixOf(role: string, item: string): string {
  return `${role}/${item.length}/${item}/`;
}

/** Starts the owner of the folder with nobody to talk to, reads all of it, and stops it. */
async function reopen(folder: string, image: Image, opener: Opener): Promise<Reopened> {
  let raw: Raw = new Map();
  const definition = spied(opener(folder), (content) => {
    raw = content;
  });
  const network = memoryNetwork();
  const node =
    image.role === 'master'
      ? makeMaster(definition, network.listen())
      : makeSlave('judged', definition, network.connect());
  try {
    await node.tree.start();
    await node.table.start();
    const shown: Array<readonly [string, string, string]> = [];
    const { tree, table } = node;
    if (tree.position !== null) {
      shown.push([TREE_ITEM, shownKey(TREE_ITEM, tree.position), contentText(tree.data.get())]);
    }
    if (table.position !== null) {
      const text = contentText(table.data.entries());
      shown.push([TABLE_ITEM, shownKey(TABLE_ITEM, table.position), text]);
    }
    const holdsPromise = new Set<string>();
    for (const each of [tree, table]) {
      const { status } = each;
      if ('round' in status && status.round !== 'none') {
        holdsPromise.add(prefixOf(image.role, each.item));
      }
    }
    const promises = [...raw.keys()].filter((key) => key.endsWith('/r/promise'));
    return {
      states: fingerprintsOf(raw),
      promises: new Set(promises.map((key) => key.slice(0, -'r/promise'.length))),
      shown,
      holdsPromise,
    };
  } finally {
    await stopAll(node);
  }
}

export async function layOut(folder: string, image: Image): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, bytes] of image.files) await writeFile(join(folder, name), bytes);
  if (image.kind !== 'newer format') return;
  // What a later release would write, by the engine itself.
  const level = new ClassicLevel<string, Uint8Array>(folder, { compression: false });
  const value = sealValue(FORMAT_KEY, Buffer.from(JSON.stringify({ format: STORE_FORMAT + 1 })));
  await level.put(FORMAT_KEY, value, { keyEncoding: 'utf8', valueEncoding: 'view' });
  await level.close();
}

export class Judge {
  readonly #folder: string;
  readonly #opener: Opener;
  /** What each position shows, from live nodes and from the images judged so far (R3). */
  readonly #shown: Shown;
  readonly #hashes = new Map<string, ReadonlySet<string>>();

  constructor(folder: string, shown: Shown, opener: Opener = realStore) {
    this.#folder = folder;
    this.#shown = new Map(shown);
    this.#opener = opener;
  }

  /** All states of an item that any recorded store ever had. */
  learn(role: string, states: Readonly<Record<string, readonly string[]>>): void {
    for (const [prefix, hashes] of Object.entries(states)) {
      const known = new Set([...(this.#hashes.get(`${role} ${prefix}`) ?? []), ...hashes]);
      this.#hashes.set(`${role} ${prefix}`, known);
    }
  }

  async judge(image: Image, isThorough: boolean): Promise<Verdict> {
    await layOut(this.#folder, image);
    const first = await this.#once(image);
    if (first.wrong !== null || !isThorough) return first;
    if (first.outcome === 'CORRUPT' || first.outcome === 'STORE_FAILED') return first;
    // What the first start wrote must not have damaged what it found.
    const again = await this.#once({ ...image, atLeast: {}, mayFail: false, newest: {} }, true);
    return again.wrong === null ? first : { ...again, wrong: `opened again: ${again.wrong}` };
  }

  async #once(image: Image, isAgain = false): Promise<Verdict> {
    let reopened: Reopened;
    try {
      reopened = await reopen(this.#folder, image, this.#opener);
    } catch (thrown) {
      return failure(image, thrown);
    }
    if (image.mustFail !== undefined) {
      return violation(`it opened, though only ${image.mustFail} is right`);
    }
    const problem =
      (isAgain ? null : this.#stateProblem(image, reopened)) ?? this.#shownProblem(reopened);
    if (problem !== null) return violation(problem);
    if (isAgain) return fine('new');
    return lossOf(image, reopened) ?? fine(outcomeOf(image, reopened));
  }

  #stateProblem(image: Image, { states, promises, holdsPromise }: Reopened): string | null {
    for (const [prefix, { number, hash }] of states) {
      const own = image.recording.states[prefix]?.[number];
      const isForeign = this.#hashes.get(`${image.role} ${prefix}`)?.has(hash) ?? false;
      const isKnown = isCrash(image.kind) ? own === hash : own === hash || isForeign;
      const isNothing = number === 0 && hash === EMPTY_STATE;
      if (!isKnown && !isNothing) return `${prefix} opened in a state that never was: ${number}`;
      if (image.role === 'slave' && promises.has(prefix) !== holdsPromise.has(prefix)) {
        return `${prefix}: its promise on disk and its round do not agree (P11)`;
      }
    }
    return null;
  }

  #shownProblem({ shown }: Reopened): string | null {
    for (const [item, key, text] of shown) {
      const known = this.#shown.get(key);
      if (known === undefined) this.#shown.set(key, text);
      else if (known !== text) return `${item} shows other content at a known position: ${key}`;
    }
    return null;
  }
}

const fine = (outcome: Outcome): Verdict => ({ outcome, wrong: null, isLoss: false });
const violation = (wrong: string, isLoss = false): Verdict => ({ outcome: 'wrong', wrong, isLoss });

function failure(image: Image, thrown: unknown): Verdict {
  if (!(thrown instanceof ReplicationError)) {
    return violation(`an error without a code: ${thrown instanceof Error ? thrown.stack : thrown}`);
  }
  const { code, message } = thrown;
  if (code !== 'CORRUPT' && code !== 'STORE_FAILED') return violation(`code ${code}: ${message}`);
  if (image.mustFail !== undefined && code !== image.mustFail) {
    return violation(`code ${code} instead of ${image.mustFail}: ${message}`);
  }
  if (image.mayFail) return fine(code);
  const hasPromised = Object.values(image.atLeast).some((number) => number > 0);
  return violation(`a crash alone led to ${code}: ${message}`, hasPromised);
}

function lossOf(image: Image, { states }: Reopened): Verdict | null {
  for (const [prefix, number] of Object.entries(image.atLeast)) {
    const found = states.get(prefix)?.number ?? 0;
    if (found >= number) continue;
    return violation(`${prefix} is at ${found}, ${number} was acknowledged`, true);
  }
  return null;
}

function outcomeOf(image: Image, { states }: Reopened): Outcome {
  const numbers = [...states.values()].map(({ number }) => number);
  if (numbers.every((number) => number === 0)) return 'empty';
  const isNew = Object.entries(image.newest).every(
    ([prefix, number]) => (states.get(prefix)?.number ?? 0) >= number,
  );
  return isNew ? 'new' : 'old';
}
