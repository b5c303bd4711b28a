/** Peers that do what no peer of this protocol would: frames to send, and a master made of them. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import { limits } from '../../lib/limits.js';
import { MasterHandshake } from '../../lib/transports/tcp/handshake.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type Message, PROTOCOL_VERSION } from '../../machines/protocol.js';
import { ITEM } from './process-messages.js';

/** A message as a stranger would send it, behind its length. */
export function strangeFrame(
  message: Message,
  more: { readonly item?: string; readonly lineage?: string; readonly sender?: string } = {},
): Buffer {
  const envelope = {
    protocol: PROTOCOL_VERSION,
    item: more.item ?? ITEM,
    lineage: more.lineage ?? 'a lineage of strangers',
    epoch: { term: 1, start: 1 },
    incarnation: 'incarnation of a stranger',
    sender: more.sender ?? 'stranger',
  };
  return framed(encodeFrame(envelope, message));
}

export function framed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function hello(lineage: string | null): Message {
  const point = { version: 7, digest: 'digest of a stranger' };
  const position = lineage === null ? null : { lineage, epoch: { term: 1, start: 1 }, ...point };
  return { kind: 'hello', hello: 'h1', position, firm: null, prepared: null, durable: true };
}

/** The same frame as a peer of a later version of the protocol sends it. */
export function ofLaterVersion(frame: Buffer): Buffer {
  const later = Buffer.from(frame);
  later[5] = PROTOCOL_VERSION + 1;
  return later;
}

/** A port that shakes hands as a master does, and then says `bytes` to each that comes. */
export class HostileMaster {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** How many slaves were given the bytes. */
  served = 0;

  private constructor(
    private readonly bytes: Uint8Array,
    private readonly then: 'wait' | 'reset',
  ) {
    this.#server = net.createServer((socket) => this.#greet(socket));
  }

  static async start(
    port: number,
    bytes: Uint8Array,
    then: 'wait' | 'reset',
  ): Promise<HostileMaster> {
    const master = new HostileMaster(bytes, then);
    await new Promise<void>((resolve) => master.#server.listen(port, '127.0.0.1', resolve));
    return master;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #greet(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // 'close' follows.
    socket.on('error', () => undefined);
    const { frameBytesMax } = limits;
    const nonce = randomBytes(32);
    const handshake = new MasterHandshake(
      { keys: [], frameBytesMax, nonce, other: 'slave' },
      () => null,
    );
    const read = (chunk: Buffer) => {
      const step = handshake.push(chunk);
      if (step.send !== null) socket.write(step.send);
      if (!step.done) return;
      socket.off('data', read);
      socket.resume();
      socket.write(this.bytes, () => {
        this.served += 1;
        if (this.then === 'reset') socket.resetAndDestroy();
      });
    };
    socket.on('data', read);
  }
}
