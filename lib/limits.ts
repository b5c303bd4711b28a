/**
 * Every limit of the package: its unit, its default, and what happens at it. Sizes are bytes on
 * the wire, times are milliseconds. Options of the same name override a default where they exist.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export const limits = Object.freeze({
  /**
   * Bytes of one frame. Sending more is refused with `TOO_LARGE`; a peer that announces more is
   * dropped before anything is allocated. Both sides of a connection must agree on it.
   */
  frameBytesMax: 4 * MIB,
  /** The largest value the option `frameBytesMax` may take: lengths stay positive in 32 bits. */
  frameBytesCeiling: 1024 * MIB,

  /** Joined connections of one listener; the next one is refused with `OVERLOADED`. */
  peersMax: 4096,
  /**
   * Connections of one remote address, so that one host cannot take all of `peersMax`; the next is
   * refused with `OVERLOADED`. Loopback is exempt: there many processes share an address.
   */
  connectionsPerAddressMax: 256,
  /** Connections still shaking hands on one listener; more are closed unread by the system. */
  handshakesMax: 1024,
  /** Milliseconds from connecting to the end of the handshake; then `TIMEOUT` and the socket ends. */
  handshakeTimeoutMs: 5_000,

  /** Bytes waiting for one peer above which it is not `writable` (P15). */
  highWaterBytes: 4 * MIB,
  /** Bytes waiting for one peer at which it is disconnected with `OVERLOADED` (P15). */
  outboundBytesMax: 16 * MIB,
  /**
   * Milliseconds a peer above the high-water mark may take no bytes at all before it is
   * disconnected with `OVERLOADED`.
   */
  stallTimeoutMs: 10_000,
  /** Milliseconds an orderly end may take to flush; then the connection is destroyed. */
  closeTimeoutMs: 1_000,

  /** Milliseconds: the bound of the first reconnect delay; it doubles with each failure (P18). */
  reconnectMsMin: 50,
  /** Milliseconds: no reconnect delay is longer; the slave tries for as long as it is open. */
  reconnectMsMax: 2_000,
  /** Milliseconds of TCP silence before the system probes whether the other side still exists. */
  keepAliveMs: 10_000,
});

/** The low-water mark as a share of the high-water mark: a peer `drained` once it is below. */
export const LOW_WATER_SHARE = 0.5;
