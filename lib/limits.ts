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
  /**
   * Connections still shaking hands on one listener. For one more the oldest of the address that
   * has most of them is ended with `OVERLOADED`. One address has `connectionsPerAddressMax`.
   */
  handshakesMax: 1024,
  /** Refusals of one code that a transport tells each for itself in a second; more are counted. */
  troublesPerSecondMax: 20,
  /**
   * Milliseconds from connecting to the end of the handshake, TLS included; then `TIMEOUT` and the
   * socket ends.
   */
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

/** Limits of the service layers. */
export const serviceLimits = Object.freeze({
  /** Bytes of a delta that still travels inside its announce or prepare; larger ones are pulled. */
  inlineBytesMax: 1 * MIB,
  /** Bytes of one part of a transfer. */
  chunkBytes: 256 * KIB,
  /** Parts under way to one slave that it has not confirmed yet (P6). */
  windowChunks: 16,
  /** Parts of one build kept for slaves that are behind others in it; slower ones start again. */
  buildChunksMax: 256,
  /** Milliseconds a build nobody reads is kept, so that a cut transfer can go on (P6). */
  buildIdleMs: 30_000,
  /** Bytes of such builds that are kept at the most, the ones used last. */
  idleBuildsBytesMax: 64 * MIB,
  /** Milliseconds for which a request may have crossed the first part that answers an earlier. */
  crossedMs: 500,
  /** Whole-state transfers at once; further slaves wait in turn (P18). */
  snapshotTransfersMax: 8,
  /** Bytes of whole states that left but were not confirmed; past it further slaves wait (P18). */
  landingBytesMax: 64 * MIB,
  /** Milliseconds after which such a state is not waited for any more. */
  landingMsMax: 10_000,
  /** Bytes of increments a busy slave holds; past it only the newest position counts (P5). */
  heldBytesMax: 16 * MIB,
  /** Changes of one group (P17). */
  groupChangesMax: 10_000,
  /** Changes in the last group from which on the next one waits for more of a stream (P17). */
  gatherFrom: 64,
  /** Waiting changes that are not made to wait for more. */
  gatherTo: 2048,
  /** Turns of the event loop that a group waits for more at the most. */
  gatherTurnsMax: 16,
  /** Bytes of a delta above which a group takes no further change, as far as sizes are known. */
  deltaBytesMax: 1024 * MIB,
  /** Milliseconds a user layer's promise may take before the call counts as failed (T49). */
  userLayerCallMs: 30_000,
  /** Milliseconds in which a slave's confirmations of one-phase changes become one message. */
  acknowledgeMs: 20,
  /** Starts of masters remembered per lineage; older rounds are answered `unknown` (P11). */
  reignsMax: 1024,
  /** Heartbeats of silence after which a slave, or a master, counts as stale. */
  staleHeartbeats: 3,
  /** Heartbeats of silence after which a connection is ended so that it can be made anew. */
  deadHeartbeats: 10,
  /** Slaves remembered per item. */
  slavesMax: 100_000,
});
