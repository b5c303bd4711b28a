/** The published transport suite on WebSocket, in each way it is listened and connected with. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import { WebSocket } from 'ws';
import { type TransportPair, transportSuite } from '../../lib/testing/index.js';
import { WebSocketDialer } from '../../lib/transports/websocket/connect.js';
import {
  type WebSocketConnectOptions,
  type WebSocketListenOptions,
  webSocketConnect,
  webSocketListen,
} from '../../lib/transports/websocket/index.js';
import {
  type StandardSocket,
  standardChannel,
} from '../../lib/transports/websocket/standard-channel.js';
import { Authority, hasOpenssl } from '../support/certificates.js';
import { tcpRelay } from '../support/tcp-relay.js';

type Connect = (options: WebSocketConnectOptions) => ReturnType<typeof webSocketConnect>;

interface PairOptions {
  readonly listen?: WebSocketListenOptions;
  readonly options?: Partial<WebSocketConnectOptions>;
  readonly connect?: Connect;
  readonly scheme?: 'ws' | 'wss';
  readonly close?: () => Promise<void>;
}

async function pairOf(given: PairOptions): Promise<TransportPair> {
  const { listen = { port: 0 }, options = {}, connect = webSocketConnect, scheme = 'ws' } = given;
  const master = webSocketListen(listen);
  const relay = await tcpRelay(() => master.port);
  const url = `${scheme}://127.0.0.1:${relay.port}/replichart`;
  return {
    master,
    connect: () => connect({ url, reconnectMsMax: 20, ...options }),
    cut: () => relay.cut(),
    close: async () => {
      await relay.close();
      await given.close?.();
    },
  };
}

function run(name: string, factory: () => Promise<TransportPair>): void {
  const test = suite(`transport suite: websocket${name}`);
  transportSuite({ test, deadlineMs: 30_000, factory });
  test.run();
}

/** What browsers and Node 22 bring; the class of the package ws keeps to the same standard. */
const standardConnect: Connect = (options) => {
  return new WebSocketDialer(options, ({ url }) => {
    return standardChannel(new WebSocket(url) as unknown as StandardSocket);
  });
};

/** A server of the host's own, as it would serve its pages with. */
async function attachedPair(): Promise<TransportPair> {
  const server = http.createServer((_, response) => void response.end('a page'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const secret = `suite ${port}`;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return pairOf({ listen: { server, secret }, options: { secret }, close });
}

const secret = 'suite secret';

run('', () => pairOf({}));
run(' with a secret', () => pairOf({ listen: { port: 0, secret }, options: { secret } }));
run(' through the standard interface', () => pairOf({ connect: standardConnect }));
run(" on the host's own server", attachedPair);

if (hasOpenssl()) {
  const authority = new Authority();
  const master = authority.issue('master', 'suite');
  const slave = authority.issue('slave', '*');
  run(' with tls', () =>
    pairOf({
      listen: { port: 0, tls: master },
      options: { tls: slave },
      scheme: 'wss',
    }),
  );
} else {
  const test = suite('transport suite: websocket with tls');
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
  test.run();
}
