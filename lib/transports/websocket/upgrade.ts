/** What is refused before a connection becomes a WebSocket, and how that is said in HTTP. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, ReplicationError } from '../../errors.js';
import type { WebSocketListenSettings } from './listen-options.js';

const STATUS_WORDS = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
} as const;

export type RefusalStatus = keyof typeof STATUS_WORDS;

export interface UpgradeRefusal {
  readonly status: RefusalStatus;
  readonly error: ReplicationError;
}

/** A text from the other side, short and printable, for messages. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replaceAll(/[^\x20-\x7e]/g, '?');
}

export function refusal(status: RefusalStatus, code: ErrorCode, message: string): UpgradeRefusal {
  return { status, error: new ReplicationError(code, message) };
}

/** The path that was asked for, without its query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/**
 * The Origin decides about browsers, which send the page's own and let no page change it. Who sends
 * none is no browser and has to prove itself otherwise.
 */
export function originRefusal(
  request: IncomingMessage,
  { origins, letsInUnproven }: WebSocketListenSettings,
  other: string,
): UpgradeRefusal | null {
  const { origin } = request.headers;
  if (origin === undefined) {
    if (letsInUnproven) return null;
    const words = `${other} was refused: it sends no Origin and there is no secret to prove`;
    return refusal(403, 'UNAUTHORIZED', `${words}; give both sides a "secret"`);
  }
  if (origins.has(origin)) return null;
  const words = `${other} was refused: a page of ${shown(origin)}, which is not in "origins"`;
  return refusal(403, 'UNAUTHORIZED', words);
}

/** Answers and ends. The other side may not read: `destroy` follows after a while. */
export function refuseUpgrade(
  socket: Duplex,
  status: RefusalStatus,
  destroyLater: (destroy: () => void) => void,
): void {
  const words = STATUS_WORDS[status];
  const head = [
    `HTTP/1.1 ${status} ${words}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${words.length}`,
  ];
  // Without a listener a reset here would end the process.
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(`${head.join('\r\n')}\r\n\r\n${words}`);
  destroyLater(() => socket.destroy());
}
