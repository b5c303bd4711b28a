/** A digest as text: SHA-256 in base64url, cut to 16 bytes without leaving the text. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** 21 letters are 126 bits; the 22nd has the last two of 16 bytes, and zeros behind them. */
const WHOLE_LETTERS = 21;

const lastLetters: string[] = [];
for (let value = 0; value < ALPHABET.length; value += 1) {
  lastLetters[ALPHABET.charCodeAt(value)] = ALPHABET.charAt(value & 0b110000);
}

/** Of a whole SHA-256 in base64url, the 22 letters that its first 16 bytes have alone. */
export function cutDigest(text: string): string {
  return text.slice(0, WHOLE_LETTERS) + lastLetters[text.charCodeAt(WHOLE_LETTERS)];
}
