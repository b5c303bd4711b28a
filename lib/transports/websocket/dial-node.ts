/** Dials from Node: with its own WebSocket, and by the package ws where that does not do. */
import type { Buffer } from 'node:buffer';
import { limits } from '../../limits.js';
import type { Channel } from './channel.js';
import { dialStandard, ownWebSocket } from './dial-standard.js';
import { loadWs } from './load-ws.js';
import type { WebSocketConnectOptions, WebSocketTls } from './settings.js';
import { wsChannel } from './ws-channel.js';

/** Given as they are: node:tls takes text and bytes. */
function tlsOptions(tls: WebSocketTls | undefined): object {
  const { ca, cert, key, servername } = tls ?? {};
  return {
    ...(ca === undefined ? {} : { ca: ca as string | Buffer }),
    ...(cert === undefined ? {} : { cert: cert as string | Buffer }),
    ...(key === undefined ? {} : { key: key as string | Buffer }),
    ...(servername === undefined ? {} : { servername }),
    minVersion: 'TLSv1.3',
  };
}

/** Node has a WebSocket of its own from version 22 on, which takes no certificates. */
export async function dialNode(options: WebSocketConnectOptions): Promise<Channel> {
  const { url, tls, frameBytesMax = limits.frameBytesMax } = options;
  if (tls === undefined && ownWebSocket() !== undefined) return dialStandard(url);
  const { WebSocket } = await loadWs('webSocketConnect in this version of Node, or with "tls",');
  const socket = new WebSocket(url, {
    ...(url.startsWith('wss:') ? tlsOptions(tls) : {}),
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
    followRedirects: false,
    skipUTF8Validation: true,
  });
  return wsChannel(socket, null);
}
