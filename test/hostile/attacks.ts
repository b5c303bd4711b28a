/** Ways to sit on a port. Each tells how many of its connections the master ended. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { limits } from '../../lib/limits.js';
import { SlaveHandshake } from '../../lib/transports/tcp/handshake.js';
import { sealedClient, sealKeyOf } from '../../lib/transports/tcp/sealing.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { PROTOCOL_VERSION } from '../../machines/protocol.js';
import { framed, hello } from '../support/process-hostile.js';
import { BULK_ITEM, SECRET } from './messages.js';

/** So many that a limit by address alone would not help. */
const ADDRESSES = 20;
/** The start of a ClientHello: TLS has to wait for the rest. */
const HALF_HELLO = Buffer.from([0x16, 3, 1, 1, 0x27, 1, 0, 1, 0x23, 3, 3, ...randomBytes(32)]);

export interface Held {
  readonly sockets: Set<net.Socket>;
  opened: number;
  connected: number;
  closed: number;
}

export function held(): Held {
  return { sockets: new Set(), opened: 0, connected: 0, closed: 0 };
}

function hold(group: Held, socket: net.Socket): void {
  group.sockets.add(socket);
  // A reset is one way to be refused; 'close' follows it.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (group.sockets.delete(socket)) group.closed += 1;
  });
}

export function release({ sockets }: Held): void {
  const open = [...sockets];
  sockets.clear();
  for (const socket of open) socket.destroy();
}

/** Connects, says nothing or half a hello, and waits. */
export function openHalf(group: Held, port: number): void {
  const localAddress = `127.0.1.${1 + (group.opened % ADDRESSES)}`;
  const socket = net.connect({ port, host: '127.0.0.1', localAddress });
  const isSilent = group.opened % 2 === 0;
  group.opened += 1;
  hold(group, socket);
  socket.on('connect', () => {
    group.connected += 1;
    if (!isSilent) socket.write(HALF_HELLO);
  });
  socket.resume();
}

/** One byte a second of a hello that would be good. */
export function drip(group: Held, port: number): void {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.2.1' });
  group.opened += 1;
  hold(group, socket);
  let at = 0;
  const timer = setInterval(() => {
    socket.write(HALF_HELLO.subarray(at, at + 1));
    at += 1;
  }, 1000);
  socket.on('close', () => clearInterval(timer));
  socket.resume();
}

function sealedTo(port: number, secret: string): tls.TLSSocket {
  const key = sealKeyOf(new TextEncoder().encode(secret));
  return tls.connect({ ...sealedClient(key, 'the victim'), port, host: '127.0.0.1' });
}

export function tryKey(group: Held, port: number): void {
  const socket = sealedTo(port, `guess ${group.opened}`);
  group.opened += 1;
  hold(group, socket);
}

/** Joins with the right key, follows the item of large changes, and reads nothing from then on. */
export function joinDeaf(group: Held, port: number, id: string): void {
  const socket = sealedTo(port, SECRET);
  const { frameBytesMax } = limits;
  const keys = [new TextEncoder().encode(SECRET)];
  const hand = new SlaveHandshake({ keys, frameBytesMax, nonce: randomBytes(32), other: 'victim' });
  socket.on('error', () => undefined);
  socket.on('secureConnect', () => socket.write(hand.start()));
  const read = (piece: Buffer): void => {
    const { send, done } = hand.push(piece);
    if (send !== null) socket.write(send);
    if (!done) return;
    socket.off('data', read);
    socket.pause();
    group.opened += 1;
    hold(group, socket);
    const envelope = {
      protocol: PROTOCOL_VERSION,
      item: BULK_ITEM,
      lineage: '',
      epoch: { term: 0, start: 0 },
      incarnation: `incarnation of ${id}`,
      sender: id,
    };
    socket.write(framed(encodeFrame(envelope, hello(null))));
  };
  socket.on('data', read);
}
