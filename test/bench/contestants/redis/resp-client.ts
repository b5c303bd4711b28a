/** As much of the Redis protocol as the bench needs: pipelined commands, one write per turn. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseReply, type RespValue } from './resp-parser.js';

const READ_BYTES = 256 * 1024;

type Take = (value: RespValue) => void;

export class RespClient {
  /** Replies that are still to come. */
  pending = 0;
  /** Gets what nobody asked for: messages of subscriptions. */
  onPush: Take = () => {};
  /** Called after each chunk of replies. */
  onChunk: () => void = () => {};
  readonly #socket: Socket;
  readonly #takers: Array<Take | null> = [];
  #taken = 0;
  #parts: string[] = [];
  #rest: Buffer | null = null;
  #failure: Error | null = null;
  readonly #drained: Array<{ readonly below: number; readonly resolve: () => void }> = [];

  private constructor(port: number) {
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (length, buffer) => {
          this.#receive((buffer as Buffer).subarray(0, length));
          return true;
        },
      },
    });
  }

  static async connect(port: number): Promise<RespClient> {
    const client = new RespClient(port);
    await once(client.#socket, 'connect');
    return client;
  }

  /** @param take gets the reply; without it an error reply still fails the process */
  send(words: readonly string[], take: Take | null = null): void {
    if (this.#parts.length === 0) setImmediate(() => this.#flush());
    let text = `*${words.length}\r\n`;
    for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
    this.#parts.push(text);
    this.#takers.push(take);
    this.pending += 1;
  }

  ask(...words: string[]): Promise<RespValue> {
    return new Promise((resolve) => this.send(words, resolve));
  }

  /** Resolves once fewer than `below` replies are to come. */
  drained(below: number): Promise<void> {
    return new Promise((resolve) => this.#drained.push({ below, resolve }));
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #flush(): void {
    const text = this.#parts.join('');
    this.#parts = [];
    this.#socket.write(text, 'latin1');
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const parsed = parseReply(bytes, at);
      if (parsed === null) break;
      at = parsed.end;
      this.#take(parsed.value);
    }
    this.#rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
    this.onChunk();
    while (this.#drained[0] !== undefined && this.pending < this.#drained[0].below) {
      this.#drained.shift()?.resolve();
    }
  }

  #take(value: RespValue): void {
    if (value instanceof Error) {
      this.#failure ??= value;
      throw this.#failure;
    }
    if (this.pending === 0) return this.onPush(value);
    this.pending -= 1;
    const take = this.#takers[this.#taken];
    this.#taken += 1;
    if (this.#taken === this.#takers.length) {
      this.#takers.length = 0;
      this.#taken = 0;
    }
    take?.(value);
    return undefined;
  }
}
