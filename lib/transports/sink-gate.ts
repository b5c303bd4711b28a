/**
 * Stands between a transport and its sink: nothing passes once it is shut, and a sink that throws
 * cannot harm the transport or the process.
 */
import { ReplicationError, reasonOf } from '../errors.js';
import type { PeerId, TransportSink } from './contract.js';

/**
 * A throw of the sink is told to its own `troubled` with code `PROTOCOL` (the contract between
 * transport and sink was broken). When `troubled` throws too, nobody is left to tell but the
 * console; the frames or events of that call count as delivered.
 */
export class SinkGate implements TransportSink {
  #sink: TransportSink | null;

  constructor(sink: TransportSink) {
    this.#sink = sink;
  }

  /** From here on nothing is delivered. */
  shut(): void {
    this.#sink = null;
  }

  joined(peer: PeerId): void {
    try {
      this.#sink?.joined(peer);
    } catch (thrown) {
      this.#failed('joined', thrown);
    }
  }

  left(peer: PeerId, error: ReplicationError | null): void {
    try {
      this.#sink?.left(peer, error);
    } catch (thrown) {
      this.#failed('left', thrown);
    }
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    try {
      this.#sink?.received(peer, frames);
    } catch (thrown) {
      this.#failed('received', thrown);
    }
  }

  drained(peer: PeerId): void {
    try {
      this.#sink?.drained(peer);
    } catch (thrown) {
      this.#failed('drained', thrown);
    }
  }

  troubled(error: ReplicationError): void {
    try {
      this.#sink?.troubled(error);
    } catch (thrown) {
      // biome-ignore lint/suspicious/noConsole: the one who is told of failures has itself failed
      console.warn(`replichart: the transport's sink threw in troubled: ${reasonOf(thrown)}`);
    }
  }

  #failed(method: string, thrown: unknown): void {
    const message = `the transport's sink threw in ${method}: ${reasonOf(thrown)}`;
    this.troubled(new ReplicationError('PROTOCOL', message, { cause: thrown }));
  }
}
