/** A transport's sink that writes down what it is told, and waits for it with a deadline. */
import type { ReplicationError } from '../../lib/errors.js';
import type { PeerId, TransportSink } from '../../lib/transports/contract.js';

export class RecordingSink implements TransportSink {
  readonly joins: PeerId[] = [];
  readonly lefts: Array<{ peer: PeerId; error: ReplicationError | null }> = [];
  /** Each call of `received` with its frames. */
  readonly batches: Array<{ peer: PeerId; frames: readonly Uint8Array[] }> = [];
  readonly drains: PeerId[] = [];
  readonly troubles: ReplicationError[] = [];

  joined(peer: PeerId): void {
    this.joins.push(peer);
  }

  left(peer: PeerId, error: ReplicationError | null): void {
    this.lefts.push({ peer, error });
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.batches.push({ peer, frames });
  }

  drained(peer: PeerId): void {
    this.drains.push(peer);
  }

  troubled(error: ReplicationError): void {
    this.troubles.push(error);
  }

  get frames(): Uint8Array[] {
    return this.batches.flatMap(({ frames }) => frames);
  }

  get peer(): PeerId {
    const peer = this.joins.at(-1);
    if (peer === undefined) throw new Error('no peer joined');
    return peer;
  }
}

/** Polls in real time, for sockets. @throws {Error} naming `what` after `deadlineMs` */
export async function until(
  what: string,
  holds: () => boolean,
  deadlineMs = 45_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`missing after ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}
