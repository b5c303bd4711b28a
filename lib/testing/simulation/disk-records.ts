/** Protocol records as they lie in an image of a disk. */
import { openValue } from '../../stores/checked-value.js';
import { itemKeys, type StorageRole } from '../../stores/item-keys.js';
import { decodeRecord } from '../../stores/record-value.js';
import type { DiskImage } from './disk.js';

/** The record of this name; undefined when there is none, or none that can be read. */
export function recordIn(image: DiskImage, role: StorageRole, item: string, name: string): unknown {
  const key = itemKeys(role, item).records + name;
  const sealed = image.get(key);
  const value = sealed === undefined ? undefined : openValue(key, sealed);
  return value === undefined ? undefined : decodeRecord(value);
}

/** All records whose name starts so and that can be read, in the order of their names. */
export function recordsLike(
  image: DiskImage,
  role: StorageRole,
  item: string,
  prefix: string,
): readonly unknown[] {
  const start = itemKeys(role, item).records;
  return [...image.keys()]
    .filter((key) => key.startsWith(start + prefix))
    .sort()
    .map((key) => recordIn(image, role, item, key.slice(start.length)))
    .filter((record) => record !== undefined);
}
