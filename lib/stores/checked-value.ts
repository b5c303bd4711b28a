/**
 * The checksum each stored value carries. LevelDB verifies no block checksums on normal reads
 * and copies damage forward when it compacts, so a flipped bit has to be found here.
 */
import { platform } from '#platform';

const CHECKSUM_BYTES = 4;

/** Reused for encoding keys: one allocation less for each entry read. */
let scratch = new Uint8Array(1024);

/** Keys are short and mostly ASCII, for which a call into the platform costs more than this. */
function writeKey(key: string): number {
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index);
    if (unit > 0x7f) return platform.utf8Write(scratch, key, 0);
    scratch[index] = unit;
  }
  return key.length;
}

/** CRC-32 over the key in UTF-8 and the value: a value read under another's key fails too. */
export function entryChecksum(key: string, value: Uint8Array): number {
  // A UTF-16 unit takes at most three bytes.
  if (key.length * 3 > scratch.length) scratch = new Uint8Array(key.length * 6);
  const length = writeKey(key);
  return platform.crc32(scratch.subarray(0, length), value);
}

/** The stored form: the checksum, big-endian, then the value; a copy the caller cannot change. */
export function sealValue(key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(CHECKSUM_BYTES + value.length);
  const checksum = entryChecksum(key, value);
  sealed[0] = checksum >>> 24;
  sealed[1] = checksum >>> 16;
  sealed[2] = checksum >>> 8;
  sealed[3] = checksum;
  sealed.set(value, CHECKSUM_BYTES);
  return sealed;
}

/** The value of a stored form, not copied; undefined when the checksum does not hold. */
export function openValue(key: string, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < CHECKSUM_BYTES) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = sealed;
  const value = sealed.subarray(CHECKSUM_BYTES);
  const stored = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return entryChecksum(key, value) === stored ? value : undefined;
}
