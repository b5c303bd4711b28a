/** The limit program, slave: all frames of a chunk into a Map, then one call. */
import { connect, type Socket } from 'node:net';
import type { Value } from '../../values.js';
import type { SlaveSide } from '../contract.js';
import {
  ACKNOWLEDGE,
  COMMIT,
  COMMIT_AND_TELL,
  type Codec,
  HELLO,
  type Message,
  PREPARE,
  SYNCED,
  UPDATE,
  VOTE,
} from './codec.js';
import { FrameReader } from './frame-reader.js';
import { Slab } from './slab.js';

const READ_BYTES = 256 * 1024;

interface Prepared<Held> {
  readonly key: string;
  readonly held: Held;
}

export class LimitSlave<Held> implements SlaveSide {
  readonly #state = new Map<string, Held>();
  readonly #prepared = new Map<number, Prepared<Held>>();
  #socket: Socket | null = null;
  #slab = new Slab(() => {});
  #version = 0;
  #synced: () => void = () => {};
  #applied: () => void = () => {};

  constructor(
    private readonly codec: Codec<Held>,
    private readonly port: number,
    /** Keeps no values: for a thousand copies of a large state. */
    private readonly isSink: boolean,
  ) {}

  connect(): Promise<void> {
    const reader = new FrameReader((bytes, start, end) => {
      this.#take(this.codec.decode(bytes, start, end));
    });
    return new Promise((resolve, reject) => {
      this.#synced = resolve;
      const socket = connect({
        host: '127.0.0.1',
        port: this.port,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(READ_BYTES),
          callback: (length, buffer) => {
            reader.push((buffer as Buffer).subarray(0, length));
            this.#slab.flush();
            this.#applied();
            return true;
          },
        },
      });
      this.#socket = socket;
      this.#slab = new Slab((batch) => socket.write(batch));
      socket.on('error', reject);
      socket.on('connect', () => {
        this.codec.append(this.#slab, HELLO, this.#version, '');
        this.#slab.flush();
      });
    });
  }

  async disconnect(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.destroy();
    await closed;
  }

  read(key: string): Value | undefined {
    const held = this.#state.get(key);
    return held === undefined ? undefined : this.codec.read(held);
  }

  size(): number {
    return this.#state.size;
  }

  onApplied(listener: () => void): void {
    this.#applied = listener;
  }

  stop(): Promise<void> {
    return this.disconnect();
  }

  #take({ kind, number, key, held }: Message<Held>): void {
    if (kind === UPDATE && held !== undefined) {
      if (!this.isSink) this.#state.set(key, held);
      if (number > 0) this.#version = number;
    } else if (kind === PREPARE && held !== undefined) {
      this.#prepared.set(number, { key, held });
      this.codec.append(this.#slab, VOTE, number, '');
    } else if (kind === COMMIT || kind === COMMIT_AND_TELL) {
      this.#commit(number, kind === COMMIT_AND_TELL);
    } else if (kind === SYNCED) {
      this.#version = number;
      this.#synced();
    } else throw new Error(`the master sent a message of kind ${kind}`);
  }

  #commit(round: number, isAsked: boolean): void {
    const prepared = this.#prepared.get(round);
    if (prepared === undefined) throw new Error(`commit of round ${round}, never prepared`);
    this.#prepared.delete(round);
    this.#state.set(prepared.key, prepared.held);
    if (isAsked) this.codec.append(this.#slab, ACKNOWLEDGE, round, '');
  }
}
