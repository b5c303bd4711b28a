/** What passed, counted since the transport was made; for people and for tests. */

/** Of `udpListen`. A frame that goes by the stream to three slaves counts as three. */
export interface UdpListenTraffic {
  /** Datagrams with a frame, handed to the system, and their bytes with header and seal. */
  readonly datagrams: number;
  readonly datagramBytes: number;
  /** Further ones, without a frame, that show slaves that datagrams arrive. */
  readonly beacons: number;
  /** Datagrams the system refused, or that were too many to wait for it. */
  readonly datagramsFailed: number;
  readonly streamFrames: number;
  readonly streamBytes: number;
}

/** Of `udpConnect`. */
export interface UdpConnectTraffic {
  /** Datagrams with a good seal, for this slave or for others. */
  readonly datagrams: number;
  /** Of these the ones whose frame was for this slave. */
  readonly frames: number;
  /** What is no datagram of this protocol, or of another start or master. */
  readonly strangers: number;
  /** A wrong seal: damaged, or sent by somebody without the secret. */
  readonly forged: number;
  /** Not looked into, since their source had sent too many forged ones. */
  readonly unread: number;
  /** Good ones that were seen before, or are too old to tell. */
  readonly replayed: number;
}

export type Counts<T> = { -readonly [Name in keyof T]: T[Name] };
