/** Short ways to write to an item's storage and to read all of it back. */
import { ReplicationError } from '../../lib/errors.js';
import type { ItemStorage, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';
import { openItemStorage } from '../../lib/stores/open-item-storage.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

export function openItem(
  definition: StoreDefinition,
  item = 'settings',
  role: 'master' | 'slave' = 'master',
): Promise<ItemStorage> {
  return definition.open().then((store) => openItemStorage(store, { item, role }));
}

export interface Content {
  readonly records: Record<string, unknown>;
  readonly data: Record<string, string | undefined>;
}

/** Everything the storage holds, read to the end, so that its sums are checked. */
export async function contentOf(storage: ItemStorage): Promise<Content> {
  const data: Record<string, string | undefined> = {};
  for await (const part of storage.data()) {
    for (const [key, value] of part) data[key] = text(value);
  }
  return { records: Object.fromEntries(storage.records()), data };
}

/** Opens, reads all and closes. */
export async function reopened(definition: StoreDefinition, item?: string): Promise<Content> {
  const storage = await openItem(definition, item);
  try {
    return await contentOf(storage);
  } finally {
    await storage.close();
  }
}

export const put = (key: string, value: string): StoreOperation => ({ key, value: bytes(value) });

/** The code of the `ReplicationError` that `run` must fail with, and its message. */
export async function failureOf(run: () => Promise<unknown>): Promise<ReplicationError> {
  try {
    await run();
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}
