/**
 * A WebSocket as this transport needs it: the runtime's own one (standard-channel.ts) and that of
 * the package ws (ws-channel.ts) look the same from here on.
 */

/** How a channel ended: the close code of RFC 6455, 1006 where none came. */
export interface ChannelEnd {
  readonly code: number;
}

/** Told what happens on a channel; never from within a call into it. */
export interface ChannelListener {
  opened(): void;
  /** One binary message, whose memory is never reused; null for a text message. */
  received(message: Uint8Array | null): void;
  /** The other side showed that it lives: any message, or the answer to a ping. */
  alive(): void;
  /** Something broke; `closed` follows. */
  failed(error: Error): void;
  /** The last call. */
  closed(end: ChannelEnd): void;
}

export interface Channel {
  /** Handed over from the handshake to the connection. */
  listener: ChannelListener;
  /** Bytes given to `send` that the system has not taken yet. */
  readonly bufferedBytes: number;
  /** Sends one binary message; ignored unless open. */
  send(message: Uint8Array): void;
  /** Ends it behind what was sent; `closed` follows when the other side answers. */
  close(code: number, reason: string): void;
  /** Ends it now, with what was not sent yet; `closed` follows at once. */
  destroy(): void;
  /** Asks the other side for a sign of life; where the runtime cannot do so, nothing. */
  ping(): void;
}

/** Until its first owner takes it. */
export const NOBODY: ChannelListener = {
  opened: () => undefined,
  received: () => undefined,
  alive: () => undefined,
  failed: () => undefined,
  closed: () => undefined,
};
