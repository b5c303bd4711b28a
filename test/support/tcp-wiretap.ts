/** Somebody on the wire between slave and master: writes all down, and may change a byte. */
import * as net from 'node:net';

export interface Tapped {
  readonly toMaster: Buffer[];
  readonly toSlave: Buffer[];
}

/** Gets each piece on its way; what it returns goes on. `from` counts the bytes before it. */
export type Meddle = (piece: Buffer, direction: keyof Tapped, from: number) => Buffer;

export interface Wiretap {
  readonly port: number;
  /** One per connection, in their order. */
  readonly taped: readonly Tapped[];
  meddle: Meddle;
  close(): Promise<void>;
}

export async function wiretap(target: number): Promise<Wiretap> {
  const sockets = new Set<net.Socket>();
  const taped: Tapped[] = [];
  const track = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // 'close' follows, and the other half is ended there.
    socket.on('error', () => undefined);
  };
  const server = net.createServer((near) => {
    const far = net.connect({ host: '127.0.0.1', port: target });
    const tape: Tapped = { toMaster: [], toSlave: [] };
    taped.push(tape);
    const pass = (from: net.Socket, to: net.Socket, direction: keyof Tapped) => {
      let passed = 0;
      track(from);
      from.on('data', (piece: Buffer) => {
        tape[direction].push(Buffer.from(piece));
        to.write(tap.meddle(piece, direction, passed));
        passed += piece.length;
      });
      from.on('end', () => to.end());
      from.on('close', () => to.destroy());
    };
    pass(near, far, 'toMaster');
    pass(far, near, 'toSlave');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tap: Wiretap = {
    port: (server.address() as net.AddressInfo).port,
    taped,
    meddle: (piece) => piece,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return tap;
}
