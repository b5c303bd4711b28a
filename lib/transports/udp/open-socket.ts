/** The one place that makes UDP sockets, so that tests can put a lossy network in. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';

export type OpenSocket = (options: SocketOptions) => Socket;

export const openSocket: OpenSocket = (options) => createSocket(options);

/** Closing one that is closed already throws; it may have closed itself on an error. */
export function closeSocket(socket: Socket | null): void {
  try {
    socket?.close();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw thrown;
  }
}
