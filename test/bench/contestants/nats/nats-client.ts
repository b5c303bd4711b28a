/** As much of the NATS protocol as the bench needs: publish, subscribe, one write per turn. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CR = 13;
const LINE_END_BYTES = 2;

/** A message as it came; `subject` says whose. */
export type TakeMessage = (subject: string, payload: string) => void;

export class NatsClient {
  onMessage: TakeMessage = () => {};
  /** Called after each chunk. */
  onChunk: () => void = () => {};
  readonly #socket: Socket;
  readonly #inbox = `_INBOX.${process.pid}.${process.hrtime.bigint()}`;
  readonly #replies = new Map<string, (payload: string) => void>();
  #parts: string[] = [];
  #rest: Buffer | null = null;
  #subscriptions = 0;
  #requests = 0;
  #ponged: () => void = () => {};

  private constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  static async connect(port: number): Promise<NatsClient> {
    const client = new NatsClient(port);
    await once(client.#socket, 'connect');
    const ready = new Promise<void>((resolve) => {
      client.#ponged = resolve;
    });
    client.#send('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nPING\r\n');
    client.subscribe(`${client.#inbox}.*`);
    await ready;
    return client;
  }

  subscribe(subject: string): void {
    this.#subscriptions += 1;
    this.#send(`SUB ${subject} ${this.#subscriptions}\r\n`);
  }

  /** @param take gets the answer of who listens to `subject`, here the server's JetStream */
  publish(subject: string, payload: string, take: (payload: string) => void): void {
    this.#requests += 1;
    const reply = `${this.#inbox}.${this.#requests}`;
    this.#replies.set(reply, take);
    this.#send(`PUB ${subject} ${reply} ${payload.length}\r\n${payload}\r\n`);
  }

  /** @throws {Error} with what JetStream says against it */
  async api<Answer>(name: string, body: unknown): Promise<Answer> {
    const text = await new Promise<string>((resolve) => {
      this.publish(`$JS.API.${name}`, JSON.stringify(body), resolve);
    });
    const answer = JSON.parse(text) as Answer & { readonly error?: unknown };
    if (answer.error !== undefined) throw new Error(`JetStream: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  /** A subject of its own, for a consumer to deliver to. */
  newSubject(): string {
    return `DELIVER.${this.#inbox}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #send(text: string): void {
    if (this.#parts.length === 0) setImmediate(() => this.#flush());
    this.#parts.push(text);
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
      const end = this.#take(bytes, at);
      if (end === at) break;
      at = end;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
    this.onChunk();
  }

  /** Where the protocol line at `at` and its payload end; `at` while they are incomplete. */
  #take(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(CR, at);
    if (lineEnd < 0) return at;
    const start = lineEnd + LINE_END_BYTES;
    const words = bytes.toString('latin1', at, lineEnd).split(' ');
    const [verb, subject = ''] = words;
    if (verb === 'MSG' || verb === 'HMSG') {
      const end = start + Number(words.at(-1));
      if (end + LINE_END_BYTES > bytes.length) return at;
      const headerBytes = verb === 'HMSG' ? Number(words.at(-2)) : 0;
      this.#deliver(subject, bytes.toString('latin1', start + headerBytes, end));
      return end + LINE_END_BYTES;
    }
    if (start > bytes.length) return at;
    if (verb === 'PING') this.#send('PONG\r\n');
    else if (verb === 'PONG') this.#ponged();
    else if (verb === '-ERR') throw new Error(`NATS: ${words.slice(1).join(' ')}`);
    return start;
  }

  #deliver(subject: string, payload: string): void {
    const take = this.#replies.get(subject);
    if (take === undefined) return this.onMessage(subject, payload);
    this.#replies.delete(subject);
    return take(payload);
  }
}
