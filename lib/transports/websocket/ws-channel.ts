/** A channel over the package ws: the master's side, and the slave's where Node has none. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Channel, type ChannelListener, NOBODY } from './channel.js';

const OPEN = 1;

class WsChannel implements Channel {
  listener: ChannelListener = NOBODY;
  readonly #ws: WebSocket;
  /** Below it; null until it is connected. */
  #socket: Duplex | null;
  #isCorked = false;

  constructor(ws: WebSocket, socket: Duplex | null) {
    this.#ws = ws;
    this.#socket = socket;
    ws.on('upgrade', (response) => {
      this.#socket = response.socket;
    });
    ws.on('open', () => this.listener.opened());
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.listener.received(isBinary ? data : null);
    });
    ws.on('ping', () => this.listener.alive());
    ws.on('pong', () => this.listener.alive());
    // Without a listener it would end the process.
    ws.on('error', (error) => this.listener.failed(error));
    ws.on('close', (code: number) => this.listener.closed({ code }));
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(message: Uint8Array): void {
    // Otherwise it would count what it throws away.
    if (this.#ws.readyState !== OPEN) return;
    this.#cork();
    this.#ws.send(message);
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  destroy(): void {
    this.#ws.terminate();
  }

  ping(): void {
    if (this.#ws.readyState === OPEN) this.#ws.ping();
  }

  /** What is sent in one turn leaves in one write: ws writes every message by itself. */
  #cork(): void {
    const socket = this.#socket;
    if (this.#isCorked || socket === null) return;
    this.#isCorked = true;
    socket.cork();
    queueMicrotask(this.#afterPromises);
  }

  /** A tick asked for from within a microtask runs when no microtask is left. */
  readonly #afterPromises = () => process.nextTick(this.#uncork);

  readonly #uncork = () => {
    this.#isCorked = false;
    this.#socket?.uncork();
  };
}

/** @param socket what it was upgraded from; null for one that connects */
export function wsChannel(ws: WebSocket, socket: Duplex | null): Channel {
  return new WsChannel(ws, socket);
}
