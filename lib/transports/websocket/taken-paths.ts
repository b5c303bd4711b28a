/** Which paths of a host's server have a listener: two would answer the same request. */
import type { Server } from 'node:http';
import { ReplicationError } from '../../errors.js';

const taken = new WeakMap<Server, Set<string>>();

/**
 * Whether the listener of `path` is the one to answer a request for `asked`, which is not its own.
 * With listeners of the host's none of ours is: one of those may know it. Among ours it is the
 * first, so that nobody waits for an answer, holding a socket that Node watches no more.
 */
export function answersFor(server: Server, path: string, asked: string): boolean {
  const paths = taken.get(server);
  if (paths === undefined || paths.has(asked)) return false;
  const [first] = paths;
  return first === path && server.listenerCount('upgrade') === paths.size;
}

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
