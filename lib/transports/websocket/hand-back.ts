/**
 * Gives a request back to the host's server. While anybody listens to `upgrade`, Node takes every
 * request that offers one out of the server's hands: also a page that HTTP clients ask for with
 * `Upgrade: h2c` (that of Java does so by default), and that the host answered until we came.
 */
import { Buffer } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';

/** What offers the upgrade. One answer for one connection: else each request would come back. */
const LEFT_OUT = new Set(['upgrade', 'connection', 'http2-settings']);

export function offersWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * The server reads it again, as a connection that begins with this request without its offer; its
 * body, if any, follows on the socket. To be called from within the event `upgrade`.
 */
export function handBack(server: Server, request: IncomingMessage, head: Buffer): void {
  const { socket } = request;
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] as string;
    if (!LEFT_OUT.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[at + 1]}`);
  }
  lines.push('Connection: close');
  // The event that brings a connection to a server of node:https is another one.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit(event, socket);
}
