/** The parts of yjs and ws that the bench uses. */
import type { Value } from '../../values.js';

export interface YMap {
  readonly size: number;
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

export interface YDoc {
  getMap(name: string): YMap;
  transact(change: () => void): void;
  on(event: 'update', listener: (update: Uint8Array) => void): void;
}

export interface Yjs {
  readonly Doc: new () => YDoc;
  applyUpdate(doc: YDoc, update: Uint8Array): void;
  encodeStateAsUpdate(doc: YDoc, stateVector?: Uint8Array): Uint8Array;
  encodeStateVector(doc: YDoc): Uint8Array;
}

export interface WebSocketLike {
  readonly bufferedAmount: number;
  on(event: 'message', listener: (bytes: Buffer) => void): void;
  on(event: 'open' | 'close', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  send(bytes: Uint8Array): void;
  terminate(): void;
}

export interface WebSocketServerLike {
  address(): { readonly port: number };
  on(event: 'connection', listener: (socket: WebSocketLike) => void): void;
  on(event: 'listening', listener: () => void): void;
  close(done: () => void): void;
}

export interface Ws {
  readonly WebSocket: new (
    url: string,
    options: { readonly perMessageDeflate: boolean },
  ) => WebSocketLike;
  readonly WebSocketServer: new (options: {
    readonly host: string;
    readonly port: number;
    readonly perMessageDeflate: boolean;
  }) => WebSocketServerLike;
}
