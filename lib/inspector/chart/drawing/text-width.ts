/**
 * How wide text will be, without a browser: widths of Helvetica, Arial and their free twins in
 * thousandths of the font size, for the printable ASCII characters in order.
 */
const ASCII = (
  '278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 ' +
  '556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 ' +
  '1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 ' +
  '667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 ' +
  '333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 ' +
  '556 556 333 500 278 556 500 722 500 500 500 334 260 334 584'
)
  .split(' ')
  .map(Number);

const FIRST = 0x20;
/** Letters of other alphabets; where scripts are drawn in squares and pictures begins `WIDE`. */
const OTHER = 640;
const SQUARE = 1000;
const WIDE = 0x1100;
/** For readers without these fonts: DejaVu Sans, the widest usual one, runs 15 % wider. */
const ROOM = 1.15;
const BOLD = 1.07;

const thousandths = (code: number): number =>
  ASCII[code - FIRST] ?? (code >= WIDE && (code < 0x2000 || code > 0x2bff) ? SQUARE : OTHER);

export function textWidth(text: string, size: number, bold = false): number {
  let sum = 0;
  for (const character of text) sum += thousandths(character.codePointAt(0) ?? 0);
  return (sum / 1000) * size * ROOM * (bold ? BOLD : 1);
}

/** On one line and at most `length` characters long; what is cut off ends in an ellipsis. */
export function shortened(text: string, length: number): string {
  // What breaks lines or turns the direction of the text around it would break the drawing.
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join('')}…`;
}
