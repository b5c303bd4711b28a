/** A TCP relay that counts what a master sends to a slave, and cuts where the test says. */
import * as net from 'node:net';

export class CountingRelay {
  /** Bytes that came from the master since the last `reset`. */
  bytes = 0;
  connections = 0;
  readonly #target: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #isBlocked = false;
  #cutAt = Number.POSITIVE_INFINITY;

  private constructor(target: number) {
    this.#target = target;
    this.#server = net.createServer((near) => this.#connect(near));
  }

  static async start(target: number): Promise<CountingRelay> {
    const relay = new CountingRelay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Counts from here on. */
  reset(): void {
    this.bytes = 0;
    this.connections = 0;
  }

  /** Resets every connection as soon as this many bytes came, once. */
  cutAt(bytes: number): void {
    this.#cutAt = bytes;
  }

  /** Resets every connection, and each new one until `allow`. */
  block(): void {
    this.#isBlocked = true;
    this.#cut();
  }

  allow(): void {
    this.#isBlocked = false;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #connect(near: net.Socket): void {
    this.#track(near);
    if (this.#isBlocked) {
      near.resetAndDestroy();
      return;
    }
    this.connections += 1;
    const far = net.connect({ host: '127.0.0.1', port: this.#target });
    this.#track(far);
    far.on('data', (chunk) => this.#count(chunk));
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }

  #count(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes < this.#cutAt) return;
    this.#cutAt = Number.POSITIVE_INFINITY;
    this.#cut();
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // 'close' follows, and the other half is ended there.
    socket.on('error', () => undefined);
  }
}
