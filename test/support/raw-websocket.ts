/** WebSockets for what no peer of this protocol would do. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { SlaveHandshake } from '../../lib/transports/websocket/handshake.js';
import { type RawSocket, rawSocket } from './raw-socket.js';

export interface UpgradeRequest {
  readonly path?: string;
  readonly origin?: string;
  readonly headers?: readonly string[];
}

export function upgradeRequest({ path, origin, headers = [] }: UpgradeRequest = {}): Buffer {
  const lines = [
    `GET ${path ?? '/replichart'} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(origin === undefined ? [] : [`Origin: ${origin}`]),
    ...headers,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

export const statusOf = ({ received }: RawSocket): number =>
  Number(/^HTTP\/1\.1 (\d{3}) /.exec(received().toString('latin1'))?.[1] ?? 0);

/** A socket that asked for a WebSocket; what comes of it is in `received`. */
export function rawUpgrade(port: number, request: UpgradeRequest = {}): Promise<RawSocket> {
  return rawSocket(port, upgradeRequest(request));
}

/** The head of a masked binary message that announces `length` bytes, mask included. */
export function messageHead(length: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x82;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

export interface RawSlaveOptions {
  readonly keys?: readonly Uint8Array[];
  readonly frameBytesMax?: number;
}

/** A WebSocket that shook hands as a slave and then does what the test wants. */
export async function rawWebSocketSlave(
  port: number,
  { keys = [], frameBytesMax = 4 * 1024 * 1024 }: RawSlaveOptions = {},
): Promise<WebSocket> {
  const nonce = randomBytes(32);
  const handshake = new SlaveHandshake({ keys, frameBytesMax, nonce, other: 'master' });
  const url = `ws://127.0.0.1:${port}/replichart`;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.once('open', () => socket.send(handshake.start()));
    const take = (message: Buffer) => {
      const step = handshake.take(message);
      if (step.send !== null) socket.send(step.send);
      if (!step.done) return;
      socket.off('message', take);
      resolve();
    };
    socket.on('message', take);
  });
  socket.on('error', () => undefined);
  return socket;
}

/** The close code of a WebSocket that sends these messages as soon as it is open. */
export async function closeCodeOf(
  port: number,
  messages: ReadonlyArray<string | Uint8Array>,
): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/replichart`);
  socket.on('error', () => undefined);
  socket.on('open', () => {
    for (const message of messages) socket.send(message);
  });
  return new Promise((resolve) => {
    socket.on('close', resolve);
  });
}
