/** Why a slave over WebSocket does not reach its master: people are told what to do about it. */
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { type Dial, WebSocketDialer } from '../../lib/transports/websocket/connect.js';
import { webSocketConnect } from '../../lib/transports/websocket/index.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('WebSocket: why a slave does not connect');

async function firstTrouble(slave: ReturnType<typeof webSocketConnect>): Promise<ReplicationError> {
  const sink = new RecordingSink();
  await slave.open(sink);
  await until('told', () => sink.troubles.length > 0);
  await slave.close();
  return sink.troubles[0] as ReplicationError;
}

test('a package that is missing is named, with how to install it', async () => {
  const missing: Dial = () => {
    throw new ReplicationError('INVALID_OPTION', 'it needs ws: run "npm install ws"');
  };
  const slave = new WebSocketDialer({ url: 'ws://127.0.0.1:1/replichart' }, missing);
  const { code, message } = await firstTrouble(slave);
  assert.is(code, 'INVALID_OPTION');
  assert.is(message, 'it needs ws: run "npm install ws"');
});

test('wss: to a server without TLS is PROTOCOL, and no master that is not started', async () => {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/replichart`;
  const { code, message } = await firstTrouble(webSocketConnect({ url, tls: {} }));
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  assert.is(code, 'PROTOCOL');
  assert.match(message, 'ws: or wss:');
});

test.run();
