/** Terminal sequences: colours, cursor movements. */
const SEQUENCES = /\p{Cc}\[[0-9;?]*[ -/]*[@-~]/gu;

/** Text that came from elsewhere, safe to print: a reason must not be able to steer a terminal. */
export function plainText(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\p{Cc}/gu, ' ');
}
