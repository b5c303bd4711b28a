/** The few things browsers and Node do differently. Both sides give the same bytes. */
export interface Platform {
  /**
   * SHA-256 over the parts one after the other, cut to 16 bytes, base64url (22 characters). No
   * part may end within a character.
   */
  digest(...parts: ReadonlyArray<Uint8Array | string>): string;
  /** CRC-32 (as in zip) over one part, or two one after the other, unsigned. */
  crc32(first: Uint8Array, second?: Uint8Array): number;
  utf8Encode(text: string): Uint8Array;
  /** The text of `bytes[start, end)`; invalid sequences become U+FFFD. */
  utf8Decode(bytes: Uint8Array, start?: number, end?: number): string;
  /** The length of `text` in UTF-8. */
  utf8Length(text: string): number;
  /** Writes `text` at `offset` and returns how many bytes it took; the room must be there. */
  utf8Write(target: Uint8Array, text: string, offset: number): number;
  /** A text with one character of U+0000 to U+00FF for each byte of `bytes[start, end)`. */
  latin1Decode(bytes: Uint8Array, start: number, end: number): string;
}
