/** What a process of the bench cost so far. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Usage } from './messages.js';

const sockets: Socket[] = [];

/** Counts the bytes of every client socket from now on, whoever opens it. */
export function countSockets(): void {
  subscribe('net.client.socket', (message) => {
    sockets.push((message as { readonly socket: Socket }).socket);
  });
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const bytes = sockets.map(({ bytesRead, bytesWritten }) => bytesRead + bytesWritten);
  return {
    cpuUs: user + system,
    rssBytes: process.memoryUsage.rss(),
    socketBytes: bytes.reduce((sum, count) => sum + count, 0),
  };
}
