/** Base64 of bytes: `btoa` wants a string of characters first, and Node's is slow. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = new Uint8Array(128).fill(255);
for (let index = 0; index < 64; index += 1) CODES[ALPHABET.charCodeAt(index)] = index;

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const word =
      ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    const last = left > 2 ? (ALPHABET[word & 63] as string) : '=';
    const third = left > 1 ? (ALPHABET[(word >>> 6) & 63] as string) : '=';
    parts.push((ALPHABET[word >>> 18] as string) + ALPHABET[(word >>> 12) & 63] + third + last);
  }
  return parts.join('');
}

/** Undefined when `text` is not what `toBase64` makes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  for (let index = 0; index < text.length; index += 4) {
    let word = 0;
    for (let place = 0; place < 4; place += 1) {
      const padded = index + place >= text.length - padding;
      const code = padded ? 0 : CODES[text.charCodeAt(index + place)];
      if (code === undefined || code > 63) return undefined;
      word = (word << 6) | code;
    }
    // Writes past the end of a typed array are dropped, which is what the padding wants.
    bytes[at] = word >>> 16;
    bytes[at + 1] = word >>> 8;
    bytes[at + 2] = word;
    at += 3;
  }
  return bytes;
}
