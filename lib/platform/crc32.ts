/** Table-driven CRC-32 for where the platform has none. */
const TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function continued(value: number, bytes: Uint8Array): number {
  let crc = value;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return crc;
}

export function crc32Portable(first: Uint8Array, second?: Uint8Array): number {
  const crc = continued(0xffffffff, first);
  return ((second === undefined ? crc : continued(crc, second)) ^ 0xffffffff) >>> 0;
}
