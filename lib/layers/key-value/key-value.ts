import type { LayerDefinition } from '../contract.js';
import { KeyValueMaster, type KeyValueMasterData } from './master.js';
import { type KeyValueOptions, keyValueSettings } from './options.js';
import { KeyValueSlave, type KeyValueSlaveData } from './slave.js';

/**
 * A flat map from text keys to values, up to millions of keys. A slave that is behind receives
 * the newest state of the keys that changed, found by a per-key version index, so that no log of
 * changes is kept. Values are encoded once, by the master, and decoded where and when they are
 * first read; what is read is frozen (a typed array cannot be: do not write to it). Memory: the
 * encoded text of each value, about 200 bytes a key beside it, and the values that were read.
 *
 * @throws {ReplicationError} INVALID_OPTION by the name of the option.
 * @example createMaster({ item: 'flags', data: keyValue<boolean>(), transport })
 */
export function keyValue<V = unknown>(
  options: KeyValueOptions<V> = {},
): LayerDefinition<KeyValueMasterData<V>, KeyValueSlaveData<V>> {
  const settings = keyValueSettings(options);
  return {
    createMasterLayer: () => new KeyValueMaster<V>(settings),
    createSlaveLayer: () => new KeyValueSlave<V>(settings),
  };
}
