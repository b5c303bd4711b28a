/** What a WebSocket reports as broken, as a coded error for people. */
import { ReplicationError } from '../../errors.js';

/** Of the package ws: a header announced too much, before anything was allocated for it. */
const TOO_LONG = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
]);

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}

/** Why a joined peer's connection broke. */
export function failureOf(error: Error, other: string): ReplicationError {
  const code = codeOf(error);
  const details = { cause: error };
  if (TOO_LONG.has(code)) {
    const message = `${other} was dropped: a frame was above the limit frameBytesMax (${code})`;
    return new ReplicationError('TOO_LARGE', message, details);
  }
  if (code.startsWith('WS_ERR_')) {
    const message = `${other} was dropped: it does not keep to the WebSocket protocol (${code})`;
    return new ReplicationError('PROTOCOL', message, details);
  }
  const message = `the connection to ${other} was lost (${code})`;
  return new ReplicationError('NOT_RUNNING', message, { ...details, retryable: true });
}

/**
 * Why a slave could not connect. A browser says nothing but that it failed, so the message names
 * what it may have been.
 */
export function connectFailure(error: Error | null, url: string): ReplicationError {
  const code = error === null ? '' : codeOf(error);
  const details = { cause: error ?? undefined, retryable: true };
  const status = /Unexpected server response: (\d+)/.exec(code)?.[1];
  if (status === '401' || status === '403') {
    const message =
      `the master at ${url} refused this slave (HTTP ${status}): give both sides the same ` +
      '"secret"; of a browser its Origin must be listed in "origins"';
    return new ReplicationError('UNAUTHORIZED', message, details);
  }
  if (status === '503') {
    const message = `the master at ${url} takes no more connections now (HTTP 503)`;
    return new ReplicationError('OVERLOADED', message, details);
  }
  if (status !== undefined) {
    const message = `${url} is no replichart master (HTTP ${status}): check the path and the port`;
    return new ReplicationError('PROTOCOL', message, details);
  }
  if (/^(EPROTO|HPE_)/.test(code)) {
    const words = 'what answers there speaks something else: check the port, and ws: or wss:';
    return new ReplicationError('PROTOCOL', `${url} is no master (${code}); ${words}`, details);
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|certificate/.test(code)) {
    const message =
      `TLS with ${url} failed (${code}): its certificate must be valid for that host and signed ` +
      'by an authority that this slave trusts, and the listener may want one of this slave';
    return new ReplicationError('UNAUTHORIZED', message, { cause: error });
  }
  const why = code === '' ? '' : ` (${code})`;
  const message =
    `no master is reached at ${url}${why}: start it, or check the address; a browser is refused, ` +
    'too, if its Origin is not listed in "origins" of the master. This slave keeps trying';
  return new ReplicationError('NOT_RUNNING', message, details);
}
