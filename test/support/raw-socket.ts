/** A bare socket for what no peer of this protocol would do. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import { SlaveHandshake } from '../../lib/transports/tcp/handshake.js';

export interface RawSocket {
  readonly socket: net.Socket;
  /** Everything received so far. */
  received(): Buffer;
  readonly closed: Promise<void>;
}

export function rawSocket(port: number, first?: Uint8Array): Promise<RawSocket> {
  const chunks: Buffer[] = [];
  const socket = net.connect({ port, host: '127.0.0.1' });
  // A reset is one way a connection ends here; 'close' follows it.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  return new Promise((resolve) => {
    socket.on('connect', () => {
      if (first !== undefined) socket.write(first);
      resolve({ socket, received: () => Buffer.concat(chunks), closed });
    });
    socket.on('close', () => resolve({ socket, received: () => Buffer.concat(chunks), closed }));
  });
}

/** A socket that shook hands as a slave and then does what the test wants. */
export async function rawSlave(port: number, frameBytesMax: number): Promise<RawSocket> {
  const nonce = randomBytes(32);
  const handshake = new SlaveHandshake({ keys: [], frameBytesMax, nonce, other: 'master' });
  const raw = await rawSocket(port, handshake.start());
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      const step = handshake.push(chunk);
      if (step.failure !== null) reject(step.failure);
      if (!step.done) return;
      raw.socket.off('data', read);
      resolve();
    };
    raw.socket.on('data', read);
  });
  return raw;
}
