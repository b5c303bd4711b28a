/** WebSocket: `webSocketListen` for the master, `webSocketConnect` for slaves; for Node. */
import { WebSocketDialer, type WebSocketSlaveTransport } from './connect.js';
import { dialNode } from './dial-node.js';
import type { WebSocketConnectOptions } from './settings.js';

export type { WebSocketSlaveTransport } from './connect.js';
export type { WebSocketCredentials } from './credentials.js';
export { type WebSocketMasterTransport, webSocketListen } from './listen.js';
export type { WebSocketListenOptions } from './listen-options.js';
export type { WebSocketCommonOptions, WebSocketConnectOptions, WebSocketTls } from './settings.js';

/**
 * Connects to the master over WebSocket, and again with growing, fully jittered delays for as long
 * as it is open (P18): with the runtime's own WebSocket in browsers and in Node from 22 on, with
 * the optional package `ws` in Node 20 and where `tls` is given. `open` never waits for the master:
 * a slave serves its copy without one. Why no connection comes about is told by the sink's
 * `troubled`, once per change of the reason: `NOT_RUNNING` (nobody answers; a browser hides why),
 * `UNAUTHORIZED` (secret, Origin or certificate), `PROTOCOL` (no master of this version),
 * `OVERLOADED`, `TIMEOUT`. The same codes, and `TOO_LARGE`, come with `left`.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option
 */
export function webSocketConnect(options: WebSocketConnectOptions): WebSocketSlaveTransport {
  return new WebSocketDialer(options, dialNode);
}
