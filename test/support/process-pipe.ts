/** One direction of a proxied connection: bytes in order, at once, late, slowly or not at all. */
import type * as net from 'node:net';

/** How bytes pass. Held ones wait here and in the sockets: the sender feels it as on a network. */
export interface Flow {
  readonly isHeld: boolean;
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

export const OPEN_FLOW: Flow = {
  isHeld: false,
  delayMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
};

/** More than this is left in the sender's socket. */
const QUEUE_BYTES_MAX = 256 * 1024;
/** A slow line carries packets, not megabytes at a time. */
const PACKET_BYTES = 4096;

interface Waiting {
  readonly chunk: Buffer;
  readonly arrivedMs: number;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class Pipe {
  /** That came in since the connection was made. */
  bytes = 0;
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #queue: Waiting[] = [];
  #flow: Flow;
  #queuedBytes = 0;
  #isRunning = false;
  #isClosed = false;
  #isDiscarding = false;
  #wake: () => void = () => undefined;

  constructor(from: net.Socket, to: net.Socket, flow: Flow) {
    this.#from = from;
    this.#to = to;
    this.#flow = flow;
    from.on('data', (chunk) => this.#take(chunk));
    to.on('drain', () => this.#wake());
  }

  set flow(flow: Flow) {
    this.#flow = flow;
    this.#wake();
    this.#run();
  }

  /** What comes from now on goes nowhere. */
  discard(): void {
    this.#isDiscarding = true;
    this.#from.resume();
    this.close();
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#wake();
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.#isDiscarding || this.#isClosed) return;
    this.#queue.push({ chunk, arrivedMs: performance.now() });
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes > QUEUE_BYTES_MAX) this.#from.pause();
    this.#run();
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Nothing in it throws: sockets tell their failures by 'error' and 'close'.
    void this.#pass();
  }

  async #pass(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#flow.isHeld) {
        await this.#woken();
        continue;
      }
      const waitMs = next.arrivedMs + this.#flow.delayMs - performance.now();
      if (waitMs > 0) await pause(waitMs);
      // It may have been held or forgotten in the meantime.
      if (this.#flow.isHeld || this.#queue[0] !== next) continue;
      this.#queue.shift();
      await this.#send(next.chunk);
      this.#queuedBytes -= next.chunk.length;
      if (this.#queuedBytes <= QUEUE_BYTES_MAX) this.#from.resume();
    }
    this.#isRunning = false;
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let start = 0; start < chunk.length && !this.#isClosed; start += PACKET_BYTES) {
      const isSlow = Number.isFinite(this.#flow.bytesPerSecond);
      const packet = isSlow ? chunk.subarray(start, start + PACKET_BYTES) : chunk.subarray(start);
      const isWritable = this.#to.write(packet);
      if (!isWritable && !this.#isClosed) await this.#woken();
      if (!isSlow) return;
      await pause((packet.length / this.#flow.bytesPerSecond) * 1000);
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
