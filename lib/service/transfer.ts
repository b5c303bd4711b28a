/** One slave that reads one build, at its own pace within a window (P6). */
import type { ChunkMessage } from '../../machines/protocol.js';
import { reasonOf } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { Build, Part, ReaderFacts } from './build.js';

/** The slave end of a transfer, as far as sending goes. */
export interface TransferPort {
  readonly slave: string;
  /** What all slaves are told alike by this master; frames are shared as long as it holds. */
  readonly sharedBy: () => string;
  readonly encode: (message: ChunkMessage) => Uint8Array;
  readonly send: (frame: Uint8Array) => void;
  readonly isWritable: () => boolean;
  /** What was sent on this connection arrives, as long as the connection stands. */
  readonly isReliable: () => boolean;
  readonly ended: () => void;
  readonly failed: (reason: string) => void;
}

export class Transfer {
  readonly build: Build;
  readonly port: TransferPort;
  readonly reader: ReaderFacts;
  /** Everything below was confirmed. */
  confirmed: number;
  next: number;
  /** Of the frames that it sent. */
  bytes = 0;
  isOver = false;
  /** Its last part is out; one that is over without that failed, and can be tried again. */
  isSent = false;
  /** Until then a request of its slave may be one that was under way when its turn came. */
  crossedUntilMs = 0;
  #isPumping = false;

  constructor(build: Build, port: TransferPort, reader: ReaderFacts, next: number) {
    this.build = build;
    this.port = port;
    this.reader = reader;
    this.confirmed = next;
    this.next = next;
  }

  /** Sends parts while the window and the connection allow; called again on every confirmation. */
  async pump(): Promise<void> {
    if (this.#isPumping || this.isOver) return;
    this.#isPumping = true;
    try {
      while (this.#maySend()) if (!(await this.#sendOne())) return;
    } catch (error) {
      this.isOver = true;
      this.port.failed(reasonOf(error));
    } finally {
      this.#isPumping = false;
    }
  }

  #maySend(): boolean {
    const isInWindow = this.next < this.confirmed + serviceLimits.windowChunks;
    return !this.isOver && isInWindow && this.port.isWritable();
  }

  async #sendOne(): Promise<boolean> {
    const index = this.next;
    const part = await this.build.part(index);
    if (this.isOver) return false;
    if (part === undefined) {
      this.isOver = true;
      this.port.failed('its build has moved on without it');
      return false;
    }
    this.next = index + 1;
    const frame = this.#frameOf(part, index);
    this.bytes += frame.length;
    this.port.send(frame);
    if (!part.last) return true;
    this.isSent = true;
    this.isOver = true;
    this.port.ended();
    return false;
  }

  #frameOf(part: Part, index: number): Uint8Array {
    const { build, reader, port } = this;
    const { facts, id } = build;
    const mark = `${port.sharedBy()}/${reader.reason}/${reader.firmRelation}`;
    return part.frame(mark, (payload) =>
      port.encode({ ...facts, ...reader, build: id, index, last: part.last, payload }),
    );
  }
}
