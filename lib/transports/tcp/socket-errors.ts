/** What the system says of sockets, as coded errors with a next step for people. */
import type * as tls from 'node:tls';
import { asReplicationError, ReplicationError } from '../../errors.js';
import { addressOf } from '../addresses.js';
import type { Wire } from './settings.js';

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
    // Its name differs: "host", "interface" of udpListen, --listen of the command.
    const advice = 'listen on an address that it has, or on 127.0.0.1';
    const message = `${address} is no address of this host (${code}): ${advice}`;
    return new ReplicationError('INVALID_OPTION', message, details);
  }
  const message = `listening on ${address} failed (${code})`;
  return new ReplicationError('NOT_RUNNING', message, { ...details, retryable: true });
}

/** Why the TLS options of this side cannot be used at all. */
export function tlsOptionFailure(thrown: unknown, where: string): ReplicationError {
  const message = `option "tls" of ${where} was refused: check its key, cert and ca`;
  return asReplicationError(thrown, 'INVALID_OPTION', message);
}

/** A system error (ECONNRESET, ...) in contrast to one of TLS or a certificate. */
function isNetworkCode(code: string): boolean {
  return /^E[A-Z]+$/.test(code) || code.startsWith('EAI_') || code === 'ERR_SOCKET_CLOSED';
}

const AUTHORITY = 'another authority signed it: give this side the "ca" that did';

/** What OpenSSL holds against a certificate of the other side. */
const CERTIFICATE_WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired: issue a new one, or correct the clock',
  CERT_NOT_YET_VALID: 'it is not valid yet: correct the clock of one of the two hosts',
  CERT_REVOKED: 'it was revoked',
  INVALID_PURPOSE: 'its extendedKeyUsage allows the other role only',
  UNABLE_TO_GET_ISSUER_CERT: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  CERT_SIGNATURE_FAILURE: AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was issued for another host than the one connected to',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed none: give it "key" and "cert"',
};

/** Why a slave's connection ended before it joined; `null` is an end without an error. */
export function handshakeFailure(thrown: Error | null, other: string): ReplicationError {
  const why = thrown === null ? 'it closed the connection' : codeOf(thrown);
  const message = `${other} went away during the handshake (${why})`;
  const cause = thrown ?? undefined;
  return new ReplicationError('PROTOCOL', message, { cause, retryable: true });
}

/** Who it was: under TLS that is lost with the connection. */
function nameOf({ remoteAddress, remotePort }: tls.TLSSocket): string {
  return remotePort === undefined ? 'somebody' : addressOf(remoteAddress ?? 'unknown', remotePort);
}

/** Why TLS without certificates failed on the listener: the secret is the key. */
export function sealFailure(
  error: Error,
  socket: tls.TLSSocket,
  isUnknownKey: boolean,
): ReplicationError {
  const other = nameOf(socket);
  // A client that offers no key at all fails for want of a certificate here.
  if (isUnknownKey || /BINDER|NO_SUITABLE_SIGNATURE|NO_SHARED_CIPHER|ALERT/.test(codeOf(error))) {
    const message = `${other} proved none of our keys: give both sides the same "secret"`;
    return new ReplicationError('UNAUTHORIZED', message, { cause: error });
  }
  return tlsFailure(error, socket);
}

/** Why TLS with a slave failed on the listener. */
export function tlsFailure(error: Error, socket: tls.TLSSocket): ReplicationError {
  const other = nameOf(socket);
  const refused: unknown = socket.authorizationError;
  const code = typeof refused === 'string' ? refused : codeOf(error);
  const details = { cause: error };
  const words = CERTIFICATE_WORDS[code];
  if (words !== undefined) {
    const message = `${other} was refused for its certificate (${code}): ${words}`;
    return new ReplicationError('UNAUTHORIZED', message, details);
  }
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    const message = `${other} did not complete the TLS handshake in time`;
    return new ReplicationError('TIMEOUT', message, details);
  }
  if (isNetworkCode(code)) {
    const message =
      `${other} went away during the handshake of TLS (${code}); a slave does so when it does ` +
      'not accept our certificate';
    return new ReplicationError('PROTOCOL', message, { cause: error, retryable: true });
  }
  // An alert is the other side's refusal; what is no matter of certificates is no TLS 1.3.
  if (code.startsWith('ERR_SSL_') && !/ALERT|CERT/.test(code)) {
    const message =
      `${other} does not speak TLS 1.3 (${code}): give both sides the same "secret", or "tls", ` +
      'or neither';
    return new ReplicationError('PROTOCOL', message, details);
  }
  const message =
    `${other} was refused by TLS (${code}): its certificate must be signed by the "ca" of this ` +
    'listener and valid, and it must trust ours';
  return new ReplicationError('UNAUTHORIZED', message, details);
}

/** Why a joined connection ended without anybody wanting it. */
export function lossOf(peer: string, thrown: Error): ReplicationError {
  const details = { cause: thrown, retryable: true };
  const code = codeOf(thrown);
  if (code.startsWith('ERR_SSL_')) {
    const message =
      `what ${peer} sent was changed on its way (${code}): the connection was ended, and ` +
      'nothing of it was taken';
    return new ReplicationError('PROTOCOL', message, details);
  }
  const message = `the connection to ${peer} was lost: ${thrown.message}`;
  return new ReplicationError('NOT_RUNNING', message, details);
}

const CLOSED_HINTS: Readonly<Record<Wire, string>> = {
  plain: 'check that it is a replichart master and uses neither "tls" nor a "secret"',
  sealed: 'check that it is a replichart master and has the same "secret"',
  certificates:
    'check that the certificate of this slave is valid and signed by the "ca" of the listener',
};

function tlsRefusal(error: Error, address: string, wire: Wire): ReplicationError {
  const code = codeOf(error);
  const words = CERTIFICATE_WORDS[code];
  const why =
    wire === 'sealed'
      ? 'give both sides the same "secret"'
      : words === undefined
        ? 'its certificate must be valid for that host and signed by the "ca" of this slave, ' +
          'and the listener must use tls too'
        : `its certificate: ${words}`;
  const message = `TLS with ${address} failed (${code}): ${why}`;
  return new ReplicationError('UNAUTHORIZED', message, { cause: error });
}

/** Why a slave could not reach or join its master; `null` is an end without an error. */
export function connectFailure(
  thrown: Error | null,
  address: string,
  wire: Wire,
): ReplicationError {
  if (thrown instanceof ReplicationError) return thrown;
  const code = thrown === null ? 'the connection was closed' : codeOf(thrown);
  const details = { cause: thrown ?? undefined, retryable: true };
  if (thrown !== null && !isNetworkCode(code)) return tlsRefusal(thrown, address, wire);
  if (thrown === null || code === 'ECONNRESET' || code === 'EPIPE') {
    const hint = CLOSED_HINTS[wire];
    const message = `${address} closed the connection during the handshake (${code}): ${hint}`;
    return new ReplicationError(wire === 'plain' ? 'PROTOCOL' : 'UNAUTHORIZED', message, details);
  }
  const message =
    `no master is reached at ${address} (${code}): start it, or check host and port; ` +
    'this slave keeps trying';
  return new ReplicationError('NOT_RUNNING', message, details);
}
