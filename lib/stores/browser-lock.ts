/** One tab at a time: two slaves that write one store would each destroy what the other has. */
import { ReplicationError, reasonOf } from '../errors.js';

/** A page that is being reloaded lets go of its lock only when the old document is gone. */
const PATIENCE_MS = 2000;

function refused(location: string, why: string, cause?: unknown): ReplicationError {
  const details = cause === undefined ? {} : { cause };
  return new ReplicationError('STORE_FAILED', `The store ${location} ${why}`, details);
}

/**
 * Waits a little for the lock, then holds it until the returned function is called or the page
 * ends.
 * @throws {ReplicationError} STORE_FAILED when another tab or worker holds it, or the browser has
 * no Web Locks here
 */
export async function holdLock(name: string, location: string): Promise<() => void> {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  if (locks === undefined) {
    const why =
      'cannot be kept from a second tab, for this page has no Web Locks: serve it over https or ' +
      'from localhost, or use memoryStore()';
    throw refused(location, why);
  }
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve(release));
    locks.request(`replichart store ${name}`, { signal }, held).catch((thrown: unknown) => {
      const isTaken = signal.aborted;
      const why = isTaken
        ? 'is in use by another tab or worker of this browser: close that one, or give this one ' +
          'a store of another name'
        : `cannot be kept from a second tab: ${reasonOf(thrown)}`;
      reject(refused(location, why, thrown));
    });
  });
}
