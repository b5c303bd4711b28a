/** What one inspector's server takes on at the most: it lives in a host that has other work. */

const KIB = 1024;
const MIB = 1024 * KIB;

export interface ServerLimits {
  /** Connections at a time; the system closes further ones unread. */
  readonly connectionsMax: number;
  /** Bytes of a request's line and headers; more are answered with 431. */
  readonly headerBytesMax: number;
  /** Milliseconds for the headers, then 408: a slow client must not hold a connection. */
  readonly headersMs: number;
  /** Milliseconds for a whole request, body included, then 408. */
  readonly requestMs: number;
  /** Readers of `/entries` at a time; the next one is answered with 503. */
  readonly readersMax: number;
  /** Bytes that wait for one reader beyond the history it began with; past it, it skips. */
  readonly readerBytesMax: number;
  /** Milliseconds a reader may take no byte while some wait, then it is disconnected. */
  readonly readerStallMs: number;
  /** Milliseconds between empty lines to readers, by which both sides see that the other lives. */
  readonly pulseMs: number;
  /** Bytes of one body of `/ingest`; more are answered with 413 and not read. */
  readonly ingestBytesMax: number;
  /** Bodies of `/ingest` being read at a time; the next one is answered with 503. */
  readonly ingestsMax: number;
}

export const serverLimits: ServerLimits = Object.freeze({
  connectionsMax: 256,
  headerBytesMax: 8 * KIB,
  headersMs: 10_000,
  requestMs: 20_000,
  readersMax: 16,
  readerBytesMax: 4 * MIB,
  readerStallMs: 30_000,
  pulseMs: 5_000,
  ingestBytesMax: 4 * MIB,
  ingestsMax: 16,
});
