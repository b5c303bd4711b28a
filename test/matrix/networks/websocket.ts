/** WebSocket: with a secret on a port of its own, on the host's server, and with certificates. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type WebSocketConnectOptions,
  type WebSocketListenOptions,
  webSocketConnect,
  webSocketListen,
} from '../../../lib/transports/websocket/index.js';
import { Authority, hasOpenssl } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import type { MatrixNetwork, MatrixNetworkKind } from '../network.js';

interface Sides {
  readonly listen: WebSocketListenOptions;
  readonly connect: Omit<WebSocketConnectOptions, 'reconnectMsMax'>;
}

const secret = 'matrix secret';

function networkOf({ listen, connect }: Sides, close: () => Promise<void>): MatrixNetwork {
  return {
    listen: () => webSocketListen(listen),
    connect: () => webSocketConnect({ ...connect, reconnectMsMax: 50 }),
    close,
  };
}

const urlOf = (scheme: 'ws' | 'wss', port: number) => `${scheme}://127.0.0.1:${port}/replichart`;

export const webSocket: MatrixNetworkKind = {
  name: 'websocket, secret',
  unavailable: () => null,
  open: async () => {
    const port = await freePort();
    const sides = { listen: { port, secret }, connect: { url: urlOf('ws', port), secret } };
    return networkOf(sides, async () => undefined);
  },
};

/** The server stays when a master ends, and the next one is attached to it. */
export const webSocketAttached: MatrixNetworkKind = {
  name: "websocket, host's server",
  unavailable: () => null,
  open: async () => {
    const server = http.createServer((_, response) => void response.end('a page'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = urlOf('ws', (server.address() as AddressInfo).port);
    const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return networkOf({ listen: { server, secret }, connect: { url, secret } }, close);
  },
};

export const webSocketTls: MatrixNetworkKind = {
  name: 'websocket, tls',
  unavailable: () =>
    hasOpenssl() ? null : 'the openssl command is missing (apt-get install openssl)',
  open: async () => {
    const port = await freePort();
    const authority = new Authority();
    const master = authority.issue('master', 'matrix');
    const slave = authority.issue('slave', '*');
    const sides: Sides = {
      listen: { port, tls: master },
      connect: { url: urlOf('wss', port), tls: slave },
    };
    return networkOf(sides, async () => undefined);
  },
};
