/** A channel over the package ws: the master's side, and the slave's where Node has none. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Channel, type ChannelListener, NOBODY } from './channel.js';

const OPEN = 1;
/**
 * So much is given to the socket at a time. Node makes one write of all that waits behind another,
 * and tells of it once the system took the last byte: a slow reader of megabytes would look like
 * one that takes nothing (P15).
 */
const BURST_BYTES = 256 * 1024;
/** Places of messages that the socket was given go at once: a queue may never be empty for long. */
const PLACES_MAX = 1024;

class WsChannel implements Channel {
  listener: ChannelListener = NOBODY;
  readonly #ws: WebSocket;
  /** A slave masks what it sends, which makes its heads longer. */
  readonly #maskBytes: number;
  /** Messages behind those the socket was given; of those before `#next` only places are left. */
  #waiting: (Uint8Array | null)[] = [];
  #next = 0;
  #waitingBytes = 0;
  /** To be done behind what waits. */
  #close: (() => void) | null = null;
  /** Below it; null until it is connected. */
  #socket: Duplex | null;
  #isCorked = false;

  constructor(ws: WebSocket, socket: Duplex | null) {
    this.#ws = ws;
    this.#socket = socket;
    this.#maskBytes = socket === null ? 4 : 0;
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
    ws.on('close', (code: number) => {
      this.#drop();
      this.listener.closed({ code });
    });
  }

  get bufferedBytes(): number {
    return this.#waitingBytes + this.#ws.bufferedAmount;
  }

  send(message: Uint8Array): void {
    // Otherwise it would count what it throws away.
    if (this.#ws.readyState !== OPEN) return;
    this.#waiting.push(message);
    this.#waitingBytes += this.#sizeOf(message);
    this.#pump();
  }

  close(code: number, reason: string): void {
    this.#close = () => this.#ws.close(code, reason);
    this.#pump();
  }

  destroy(): void {
    this.#drop();
    this.#close = null;
    this.#ws.terminate();
  }

  ping(): void {
    if (this.#ws.readyState === OPEN) this.#ws.ping();
  }

  /** With its head, as ws counts it: what moves on to the socket is not less for that. */
  #sizeOf({ length }: Uint8Array): number {
    const headBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    return length + headBytes + this.#maskBytes;
  }

  #pump(): void {
    // The other side ended it: nobody reads what waits, and ws would count what it throws away.
    if (this.#ws.readyState !== OPEN) this.#drop();
    while (this.#next < this.#waiting.length && this.#ws.bufferedAmount < BURST_BYTES) {
      const message = this.#take();
      this.#cork();
      this.#ws.send(message, this.#sent);
    }
    if (this.#next < this.#waiting.length) return;
    this.#drop();
    this.#close?.();
    this.#close = null;
  }

  #take(): Uint8Array {
    const message = this.#waiting[this.#next] as Uint8Array;
    this.#waiting[this.#next] = null;
    this.#next += 1;
    this.#waitingBytes -= this.#sizeOf(message);
    if (this.#next === PLACES_MAX) {
      this.#waiting.splice(0, PLACES_MAX);
      this.#next = 0;
    }
    return message;
  }

  readonly #sent = (error?: Error | null): void => {
    // 'error' and 'close' tell of it.
    if (!error) this.#pump();
  };

  #drop(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
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
