/** Which paths of a host's server have a listener: two would answer the same request. */
import type { Server } from 'node:http';
import { ReplicationError } from '../../errors.js';

const taken = new WeakMap<Server, Set<string>>();

/**
 * Takes a path until the returned function is called.
 * @throws {ReplicationError} INVALID_OPTION when another listener has it
 */
export function takePath(server: Server, path: string): () => void {
  const paths = taken.get(server) ?? new Set<string>();
  if (paths.has(path)) {
    const message =
      `path ${path} of this server is taken by another webSocketListen: close that one, give ` +
      'this one another "path", or share one transport between the masters';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  taken.set(server, paths.add(path));
  return () => void paths.delete(path);
}
