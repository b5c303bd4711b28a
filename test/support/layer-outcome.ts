/** What became of a change or a call, as text to compare. */
import { ReplicationError, Veto } from '../../lib/errors.js';

/** `CODE: message` of what `act` throws or rejects with; `done` when it does neither. */
export async function outcome(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'done';
  } catch (error) {
    if (error instanceof ReplicationError) return `${error.code}: ${error.message}`;
    if (error instanceof Veto) return `Veto: ${error.message}`;
    return `${error instanceof Error ? error.name : typeof error}: ${String(error)}`;
  }
}
