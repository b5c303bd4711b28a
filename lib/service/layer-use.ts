/** One user layer object serves one running master or slave: two would change each other's data. */
import { ReplicationError } from '../errors.js';

const inUse = new WeakSet<object>();

/**
 * Returns the function that frees the layer again.
 * @param what who wants it, for the message
 * @throws {ReplicationError} INVALID_OPTION while another one runs on it
 */
export function claimLayer(what: string, layer: object): () => void {
  if (inUse.has(layer)) {
    const message =
      `the user layer given to ${what} is in use by a running master or slave: make a layer for ` +
      'each, or stop the other one first';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  inUse.add(layer);
  return () => {
    inUse.delete(layer);
  };
}
