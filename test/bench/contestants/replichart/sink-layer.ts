/**
 * A slave layer that takes everything and keeps nothing: a thousand copies of a large state fit
 * into no machine, and what is measured is the master's side of a thousand transfers.
 */
import type { Position, SlaveUserLayer } from 'replichart';

export class SinkLayer implements SlaveUserLayer {
  /** A delta is not decoded: its bytes came, and that is all that is asked. */
  readonly codec = {
    encode: (): Uint8Array => new Uint8Array(),
    decode: (bytes: Uint8Array): unknown => bytes,
  };
  /** Of the snapshot that came last. */
  snapshotBytes = 0;
  #position: Position | null = null;
  #listener: () => void = () => {};

  position(): Position | null {
    return this.#position;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listener = listener;
    return () => {
      this.#listener = () => {};
    };
  };

  prepare(): void {}

  commit(_delta: unknown, next: Position): void {
    this.#move(next);
  }

  abort(): void {}

  async installSnapshot(chunks: AsyncIterable<Uint8Array>, next: Position): Promise<void> {
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.length;
    this.snapshotBytes = bytes;
    this.#move(next);
  }

  #move(next: Position): void {
    this.#position = next;
    this.#listener();
  }
}
