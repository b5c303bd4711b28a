/** The limit program, master: one write per socket and turn, the same bytes to all. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Value } from '../../values.js';
import type { Acknowledgement, MasterSide } from '../contract.js';
import {
  ACKNOWLEDGE,
  COMMIT,
  COMMIT_AND_TELL,
  type Codec,
  HELLO,
  PREPARE,
  SYNCED,
  UPDATE,
  VOTE,
} from './codec.js';
import { FrameReader } from './frame-reader.js';
import { RoundBook } from './round-book.js';
import { Slab } from './slab.js';
import { UpdateLog } from './update-log.js';

/** As replichart's `history`: a slave further behind gets everything. */
const VERSIONS_KEPT = 10_000;
const WAITING_BYTES_MAX = 1024 * 1024;
const SNAPSHOT_KEYS_AT_ONCE = 512;

export class LimitMaster<Held> implements MasterSide {
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#joined(socket));
  readonly #slaves = new Set<Socket>();
  readonly #state = new Map<string, Held>();
  readonly #rounds = new RoundBook<Held>();
  readonly #log = new UpdateLog(VERSIONS_KEPT);
  readonly #slab = new Slab((batch) => this.#send(batch));
  #version = 0;
  #sentVersion = 0;

  constructor(private readonly codec: Codec<Held>) {}

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return String((this.#server.address() as AddressInfo).port);
  }

  async joined(slaves: number): Promise<void> {
    if (this.#slaves.size !== slaves) throw new Error(`${this.#slaves.size} of ${slaves} slaves`);
  }

  put(key: string, value: Value): void {
    const held = this.codec.hold(value);
    this.#version += 1;
    this.#state.set(key, held);
    this.codec.append(this.#slab, UPDATE, this.#version, key, held);
  }

  pressure(): Promise<void> | null {
    const full = [...this.#slaves].filter((slave) => slave.writableLength > WAITING_BYTES_MAX);
    if (full.length === 0) return null;
    return Promise.all(full.map((slave) => once(slave, 'drain'))).then(() => undefined);
  }

  commit(key: string, value: Value, until: Acknowledgement): Promise<void> {
    return new Promise((resolve) => {
      const held = this.codec.hold(value);
      const round = this.#rounds.open(key, held, until, resolve);
      this.codec.append(this.#slab, PREPARE, round, key, held);
    });
  }

  read(key: string): Value | undefined {
    const held = this.#state.get(key);
    return held === undefined ? undefined : this.codec.read(held);
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const slave of this.#slaves) slave.destroy();
    await once(this.#server, 'close');
  }

  #send(batch: Buffer): void {
    if (this.#version > this.#sentVersion) {
      this.#log.add(this.#sentVersion + 1, this.#version, batch);
      this.#sentVersion = this.#version;
    }
    for (const slave of this.#slaves) slave.write(batch);
  }

  #joined(socket: Socket): void {
    const reader = new FrameReader((bytes, start, end) => {
      const { kind, number } = this.codec.decode(bytes, start, end);
      if (kind === VOTE) this.#voted(number);
      else if (kind === ACKNOWLEDGE) this.#rounds.acknowledge(number, this.#slaves.size);
      // One that leaves amid its state is gone, and nothing else is.
      else if (kind === HELLO) this.#bringUp(socket, number).catch(() => socket.destroy());
      else throw new Error(`a slave sent a message of kind ${kind}`);
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#slaves.delete(socket));
  }

  #voted(number: number): void {
    const round = this.#rounds.vote(number, this.#slaves.size);
    if (round === null) return;
    this.#state.set(round.key, round.held);
    const isDone = round.until === 'committed';
    this.codec.append(this.#slab, isDone ? COMMIT : COMMIT_AND_TELL, number, '');
    if (isDone) round.resolve();
  }

  /** Values are sent as they are when their turn comes, so what is newer never comes first. */
  async #bringUp(socket: Socket, version: number): Promise<void> {
    this.#slab.flush();
    this.#slaves.add(socket);
    const delta = version === 0 ? null : this.#log.since(version);
    if (version !== this.#version) {
      if (delta === null) await this.#sendState(socket);
      else for (const bytes of delta) socket.write(bytes);
    }
    const slab = new Slab((batch) => socket.write(batch));
    this.codec.append(slab, SYNCED, this.#version, '');
    slab.flush();
  }

  async #sendState(socket: Socket): Promise<void> {
    const slab = new Slab((batch) => socket.write(batch));
    let keys = 0;
    for (const [key, held] of this.#state) {
      this.codec.append(slab, UPDATE, 0, key, held);
      keys += 1;
      if (keys % SNAPSHOT_KEYS_AT_ONCE !== 0) continue;
      slab.flush();
      if (socket.writableLength > WAITING_BYTES_MAX) await once(socket, 'drain');
    }
    slab.flush();
  }
}
