/** What `replichart/transports/websocket` is in a browser: a page connects, it cannot listen. */
import { ReplicationError } from '../../errors.js';
import { WebSocketDialer, type WebSocketSlaveTransport } from './connect.js';
import { dialStandard } from './dial-standard.js';
import type { WebSocketConnectOptions } from './settings.js';

/** As in Node (index.ts), with the browser's own WebSocket. @throws {ReplicationError} */
export function webSocketConnect(options: WebSocketConnectOptions): WebSocketSlaveTransport {
  if (options?.tls !== undefined) {
    const message = 'option "tls" of webSocketConnect is for Node: browsers have their own';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return new WebSocketDialer(options, ({ url }) => dialStandard(url));
}

/** @throws {ReplicationError} INVALID_OPTION always: a master that others reach runs in Node */
export function webSocketListen(): never {
  throw new ReplicationError('INVALID_OPTION', 'webSocketListen works in Node, not in a browser');
}
