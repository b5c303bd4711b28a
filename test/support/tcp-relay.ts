/** A TCP relay between slaves and a master, to break connections from outside as a network does. */
import * as net from 'node:net';

export interface TcpRelay {
  readonly port: number;
  /** Resets every connection that runs through it now. */
  cut(): void;
  close(): Promise<void>;
}

export async function tcpRelay(target: () => number): Promise<TcpRelay> {
  const sockets = new Set<net.Socket>();
  const track = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // 'close' follows, and the other half is ended there.
    socket.on('error', () => undefined);
  };
  // Neither half waits for more to send: that would cost each small message a delayed answer.
  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ host: '127.0.0.1', port: target(), noDelay: true });
    track(near);
    track(far);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
