/**
 * Whose stream a TCP connection is: what the host called, for messages, and the kind of peer that
 * the first bytes of either side name. Streams of `udpListen` are made by the same code.
 */
export type StreamKind = 'tcp' | 'udp';

export interface StreamOf {
  /** The function people called. */
  readonly where: string;
  readonly kind: StreamKind;
}
