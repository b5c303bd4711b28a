/** What a NATS server and its client say when something fails, as the lease needs to know it. */
import { ReplicationError, reasonOf } from '../errors.js';

function codeOf(error: unknown): unknown {
  return ((error ?? {}) as { readonly code?: unknown }).code;
}

/** A server's word on a compare-and-set that came too late: code 10071. */
export function isConflict(error: unknown): boolean {
  return codeOf(error) === 10071 || /wrong last sequence/i.test(reasonOf(error));
}

/** The stream of the bucket is not there: code 10059. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === 10059 || /stream not found/i.test(reasonOf(error));
}

/** Nobody answered within the client's patience. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** What the server says of a subject that this user may not use; it says so of every one. */
export interface Refusal {
  readonly name: string;
  readonly operation?: unknown;
  readonly subject?: unknown;
}

export function isPermission({ name }: Refusal): boolean {
  return name === 'PermissionViolationError';
}

/**
 * @param board the subject of the questions
 * @param prefix what permissions of such subjects begin with
 */
export function permissionFailure(error: Refusal, board: string, prefix: string): ReplicationError {
  const { subject, operation } = error;
  const reply = String(subject);
  // Of a reply the last part is another one each time, and permissions do not name it.
  const shown = subject === board ? board : `${reply.slice(0, reply.lastIndexOf('.'))}.>`;
  const verb = operation === 'publish' ? 'publish' : 'subscribe';
  const message =
    `the NATS server does not let this user ${verb} on ${shown}: permit every node to publish ` +
    `and subscribe on "${prefix}.>", to subscribe below its own inboxPrefix and to publish ` +
    'below those of all nodes, else no leader is found';
  return new ReplicationError('UNAUTHORIZED', message, { cause: error });
}
