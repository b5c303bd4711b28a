import { decodeValue, encodeValue } from '../../codec/values.js';
import type { LayerDefinition } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import { DocumentMaster, type DocumentMasterData } from './master.js';
import { type DocumentOptions, documentSettings } from './options.js';
import { DocumentSlave, type DocumentSlaveData } from './slave.js';

/**
 * One immutable tree of objects, arrays, Maps, Sets and everything else that the codec carries.
 * Versions share what did not change; a delta between any two retained ones, forwards or
 * backwards, is their structural difference, and makes the copy equal to the original in
 * everything, the order of keys included. Everything that is read is frozen.
 *
 * @param initial On a master the first version, where its store holds none; on a slave what `get`
 * answers until the first copy has come.
 * @throws {ReplicationError} INVALID_OPTION by the name of the option, or when nothing can carry
 * `initial`; TOO_LARGE past its budget.
 * @example createMaster({ item: 'settings', data: document({ theme: 'light' }), transport })
 */
export function document<T>(): LayerDefinition<
  DocumentMasterData<T>,
  DocumentSlaveData<T | undefined>
>;
export function document<T>(
  initial: T,
  options?: DocumentOptions<T>,
): LayerDefinition<DocumentMasterData<T>, DocumentSlaveData<T>>;
export function document<T>(
  initial?: T,
  options: DocumentOptions<T> = {},
): LayerDefinition<DocumentMasterData<T>, DocumentSlaveData<T>> {
  const settings = documentSettings(options);
  // A copy of its own: what the host does to `initial` afterwards does not reach the tree.
  const text = encodeValue(initial, settings.budget);
  const own = (): T => deepFreeze(decodeValue(text, settings.budget)) as T;
  return {
    createMasterLayer: () => new DocumentMaster<T>(settings, own()),
    createSlaveLayer: () => new DocumentSlave<T>(settings, own()),
  };
}
