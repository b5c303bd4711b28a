const ESCAPE = String.fromCharCode(0x1b);
/** Terminal sequences: colours, cursor movements. */
const SEQUENCES = new RegExp(`${ESCAPE}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

/** Text that came from elsewhere, safe to print: a reason must not be able to steer a terminal. */
export function plainText(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\p{Cc}/gu, ' ');
}
