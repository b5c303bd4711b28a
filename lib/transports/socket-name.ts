/** What a connection is called: by its address where it has one, or by a number. */
import type { Socket } from 'node:net';
import { addressOf } from './addresses.js';

/** Sockets in the file system have neither address nor port: all would have one name. */
const numbers = new WeakMap<Socket, number>();
let last = 0;

export function nameOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress !== undefined) return addressOf(remoteAddress, remotePort ?? 0);
  const number = numbers.get(socket) ?? last + 1;
  last = Math.max(last, number);
  numbers.set(socket, number);
  return `connection ${number} without address`;
}
