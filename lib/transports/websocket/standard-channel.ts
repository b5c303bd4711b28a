/** A channel over the WebSocket that the runtime brings: browsers, Node from 22 on, and others. */
import { type Channel, type ChannelListener, NOBODY } from './channel.js';

const OPEN = 1;

/** What of the standard is used; the class of the package ws has it, too. */
export interface StandardSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: unknown;
  onmessage: unknown;
  onerror: unknown;
  onclose: unknown;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
}

class StandardChannel implements Channel {
  listener: ChannelListener = NOBODY;
  readonly #socket: StandardSocket;
  #isClosed = false;

  constructor(socket: StandardSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.listener.opened();
    socket.onmessage = ({ data }: { data: unknown }) => {
      this.listener.received(data instanceof ArrayBuffer ? new Uint8Array(data) : null);
    };
    // Node's own says why; a browser keeps it from the page.
    socket.onerror = ({ error, message }: { error?: unknown; message?: unknown }) => {
      if (error instanceof Error) this.listener.failed(error);
      else if (typeof message === 'string') this.listener.failed(new Error(message));
    };
    socket.onclose = ({ code }: { code: number }) => this.#closed(code);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array): void {
    // Before it is open it would throw, and after its end count what it throws away.
    if (this.#socket.readyState === OPEN) this.#socket.send(message);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** The standard knows no hard end: it closes when the other side answers; here it is over now. */
  destroy(): void {
    this.#socket.close();
    queueMicrotask(() => this.#closed(1006));
  }

  ping(): void {}

  #closed(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { listener } = this;
    this.listener = NOBODY;
    listener.closed({ code });
  }
}

export function standardChannel(socket: StandardSocket): Channel {
  return new StandardChannel(socket);
}
