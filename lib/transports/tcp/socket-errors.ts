/** What the system says of sockets, as coded errors with a next step for people. */
import type * as tls from 'node:tls';
import { asReplicationError, ReplicationError } from '../../errors.js';
import { addressOf } from './settings.js';

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

/** Why a listener could not listen, or what went wrong with it later. */
export function listenFailure(error: Error, address: string): ReplicationError {
  const code = codeOf(error);
  const details = { cause: error };
  if (code === 'EADDRINUSE') {
    const port = address.slice(address.lastIndexOf(':') + 1);
    const message =
      `port ${port} (${address}) is in use by another process: stop that process ` +
      'or choose another port (0 lets the system choose)';
    return new ReplicationError('INVALID_OPTION', message, details);
  }
  if (code === 'EACCES') {
    const message = `this process may not listen on ${address}: choose a port above 1023`;
    return new ReplicationError('INVALID_OPTION', message, details);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `${address} is no address of this host (${code}): correct the option "host"`;
    return new ReplicationError('INVALID_OPTION', message, details);
  }
  const message = `listening on ${address} failed (${code})`;
  return new ReplicationError('NOT_RUNNING', message, { ...details, retryable: true });
}

/** Why the listener's TLS options cannot be used at all. */
export function tlsOptionFailure(thrown: unknown): ReplicationError {
  const message = 'option "tls" of tcpListen was refused: check its key, cert and ca';
  return asReplicationError(thrown, 'INVALID_OPTION', message);
}

/** A system error (ECONNRESET, ...) in contrast to one of TLS or a certificate. */
function isNetworkCode(code: string): boolean {
  return /^E[A-Z]+$/.test(code) || code.startsWith('EAI_') || code === 'ERR_SOCKET_CLOSED';
}

/** Why a slave's connection ended before it joined; `null` is an end without an error. */
export function handshakeFailure(thrown: Error | null, other: string): ReplicationError {
  const why = thrown === null ? 'it closed the connection' : codeOf(thrown);
  const message = `${other} went away during the handshake (${why})`;
  const cause = thrown ?? undefined;
  return new ReplicationError('PROTOCOL', message, { cause, retryable: true });
}

/** Why TLS with a slave failed on the listener. */
export function tlsFailure(error: Error, socket: tls.TLSSocket): ReplicationError {
  const other = addressOf(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
  const refused: unknown = socket.authorizationError;
  const code = typeof refused === 'string' ? refused : codeOf(error);
  const details = { cause: error };
  // An alert is the other side's refusal; what is no matter of certificates is no TLS 1.3.
  if (code.startsWith('ERR_SSL_') && !/ALERT|CERT/.test(code)) {
    const message = `${other} does not speak TLS 1.3 (${code}): give both sides "tls", or neither`;
    return new ReplicationError('PROTOCOL', message, details);
  }
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    const message = `${other} did not complete the TLS handshake in time`;
    return new ReplicationError('TIMEOUT', message, details);
  }
  const message =
    `${other} was refused by TLS (${code}): its certificate must be signed by the "ca" of this ` +
    'listener and valid, and it must trust ours';
  return new ReplicationError('UNAUTHORIZED', message, details);
}

/** Why a slave could not reach or join its master; `null` is an end without an error. */
export function connectFailure(
  thrown: Error | null,
  address: string,
  secure: boolean,
): ReplicationError {
  const code = thrown === null ? 'the connection was closed' : codeOf(thrown);
  const details = { cause: thrown ?? undefined, retryable: true };
  if (thrown !== null && !isNetworkCode(code)) {
    const message =
      `TLS with ${address} failed (${code}): its certificate must be valid for that host and ` +
      'signed by the "ca" of this slave, and the listener must use tls too';
    return new ReplicationError('UNAUTHORIZED', message, { cause: thrown });
  }
  if (thrown === null || code === 'ECONNRESET' || code === 'EPIPE') {
    const hint = secure
      ? 'check that this slave\'s certificate is signed by the "ca" of the listener'
      : 'check that it is a replichart master and uses no tls';
    const message = `${address} closed the connection during the handshake (${code}): ${hint}`;
    return new ReplicationError(secure ? 'UNAUTHORIZED' : 'PROTOCOL', message, details);
  }
  const message =
    `no master is reached at ${address} (${code}): start it, or check host and port; ` +
    'this slave keeps trying';
  return new ReplicationError('NOT_RUNNING', message, details);
}
