/** CRC-32C (Castagnoli), which LevelDB's files use; eight bytes a step, Node has no native one. */
const TABLES = new Int32Array(8 * 256);

for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0x82f63b78 ^ (value >>> 1) : value >>> 1;
  TABLES[byte] = value;
}
for (let index = 256; index < TABLES.length; index += 1) {
  const before = TABLES[index - 256] as number;
  TABLES[index] = (TABLES[before & 0xff] as number) ^ (before >>> 8);
}

const table = (step: number, byte: number): number => TABLES[step * 256 + byte] as number;

/** The checksum of `bytes[start, end)`, unsigned. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let at = start;
  const byte = (offset: number): number => bytes[at + offset] as number;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24));
    crc =
      table(7, low & 0xff) ^
      table(6, (low >>> 8) & 0xff) ^
      table(5, (low >>> 16) & 0xff) ^
      table(4, low >>> 24) ^
      table(3, byte(4)) ^
      table(2, byte(5)) ^
      table(1, byte(6)) ^
      table(0, byte(7));
  }
  for (; at < end; at += 1) crc = table(0, (crc ^ byte(0)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}
