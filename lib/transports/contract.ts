/**
 * What a transport owes to the service layers (design section 8). A transport carries frames of
 * bytes between one master side and many slave sides; it knows nothing of items, versions or
 * rounds. `transportSuite` of `replichart/testing` tests an implementation against this text.
 */
import type { ReplicationError } from '../errors.js';

/** One live connection. A slave that reconnects is a new peer. */
export type PeerId = string;

/** What a transport can do. The service layers converge over the weakest combination. */
export interface TransportFeatures {
  /** Frames of one peer arrive in the order in which they were sent. */
  readonly ordered: boolean;
  /** While a peer stays joined, every frame sent to it arrives, once. */
  readonly reliable: boolean;
  /** `multicast` costs one transmission, however many peers there are. */
  readonly multicast: boolean;
  /**
   * Where `multicast` is true: it reaches the peers it is given and nobody else, so that a frame
   * need not name them (P13). @default false
   */
  readonly addressed?: boolean;
  /** The longest frame `send` and `multicast` take; longer ones are refused with `TOO_LARGE`. */
  readonly maxFrameBytes: number;
}

/**
 * Where a transport delivers. Never called before `open` resolved or after `close` resolved,
 * never from within a call into the transport, and never expected to throw.
 */
export interface TransportSink {
  /** A peer can be sent to. It is authenticated, where the transport does that. */
  joined(peer: PeerId): void;
  /** The peer is gone; `error` says why when it was not an orderly end. */
  left(peer: PeerId, error: ReplicationError | null): void;
  /** Frames that arrived together. They belong to the receiver: the memory is never reused. */
  received(peer: PeerId, frames: readonly Uint8Array[]): void;
  /** A peer for which `writable` was false takes frames again. */
  drained(peer: PeerId): void;
  /** Something people should know (a refused connection, a lost listener); never fatal. */
  troubled(error: ReplicationError): void;
}

interface TransportBase {
  readonly features: TransportFeatures;
  /** Where it listens or connects to, for people; known once `open` resolved. */
  readonly address: string;
  /** Starts delivering to the one `sink`. Rejects with a `ReplicationError`. */
  open(sink: TransportSink, signal?: AbortSignal): Promise<void>;
  /** Ends every connection after flushing what was sent; idempotent; safe before `open`. */
  close(): Promise<void>;
  /**
   * Sends one frame to one peer. Unknown or departed peers are ignored: `left` tells. A frame is
   * never changed by the sender after this call and may be shared by many peers.
   * @throws {ReplicationError} TOO_LARGE above `features.maxFrameBytes`.
   */
  send(peer: PeerId, frame: Uint8Array): void;
  /** False while more than the high-water mark waits to be sent to this peer (P15). */
  writable(peer: PeerId): boolean;
  /**
   * Whether the credentials of this peer allow it to speak as this slave. A transport without it,
   * or whose credentials name nobody, lets every peer have any id (threat A16).
   */
  permits?(peer: PeerId, slave: string): boolean;
  /** Ends one connection; `left` follows. */
  disconnect(peer: PeerId): void;
}

/** The side that many connect to. */
export interface MasterTransport extends TransportBase {
  readonly role: 'master';
  /**
   * One frame for all of `peers`, encoded once. True multicast may reach more than these, unless
   * `features.addressed` says that it does not.
   */
  multicast(peers: readonly PeerId[], frame: Uint8Array): void;
}

/** The side that connects, and connects again, with jitter, for as long as it is open. */
export interface SlaveTransport extends TransportBase {
  readonly role: 'slave';
}

export type Transport = MasterTransport | SlaveTransport;
