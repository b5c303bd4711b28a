/** As much of PostgreSQL's protocol as the bench needs: one prepared statement per connection. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PROTOCOL_VERSION = 196_608;
const READY = 'Z'.charCodeAt(0);
const FAILED = 'E'.charCodeAt(0);
const ROW = 'D'.charCodeAt(0);
const HEADER_BYTES = 5;

interface Waiting {
  readonly resolve: (rows: string[][]) => void;
  readonly reject: (error: Error) => void;
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const SYNC = message('S');
const EXECUTE = message('E', text(''), int32(0));

function bind(name: string, words: readonly string[]): Buffer {
  const values = words.flatMap((word) => {
    const bytes = Buffer.from(word);
    return [int32(bytes.length), bytes];
  });
  return message('B', text(''), text(name), int16(0), int16(words.length), ...values, int16(0));
}

/** The columns of a row as text. */
function columnsOf(bytes: Buffer): string[] {
  const columns: string[] = [];
  let at = 2;
  for (let left = bytes.readInt16BE(0); left > 0; left -= 1) {
    const length = bytes.readInt32BE(at);
    at += 4;
    columns.push(bytes.toString('utf8', at, at + Math.max(0, length)));
    at += Math.max(0, length);
  }
  return columns;
}

/** A connection without a password. One request at a time, as PostgreSQL's protocol has it. */
export class PostgresClient {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #waiting: Waiting | null = null;
  #rows: string[][] = [];
  #error: Error | null = null;

  private constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    const gone = (error?: Error): void => {
      this.#waiting?.reject(error ?? new Error('PostgreSQL closed the connection'));
      this.#waiting = null;
    };
    this.#socket.on('error', gone);
    this.#socket.on('close', () => gone());
  }

  static async connect(port: number, user: string): Promise<PostgresClient> {
    const client = new PostgresClient(port);
    const words = [text('user'), text(user), text('database'), text('postgres'), Buffer.alloc(1)];
    const body = Buffer.concat([int32(PROTOCOL_VERSION), ...words]);
    await client.#ask(Buffer.concat([int32(body.length + 4), body]));
    return client;
  }

  /** Runs a statement and answers its rows. */
  query(sql: string): Promise<string[][]> {
    return this.#ask(message('Q', text(sql)));
  }

  async prepare(name: string, sql: string): Promise<void> {
    await this.#ask(Buffer.concat([message('P', text(name), text(sql), int16(0)), SYNC]));
  }

  async execute(name: string, ...words: readonly string[]): Promise<void> {
    await this.#ask(Buffer.concat([bind(name, words), EXECUTE, SYNC]));
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #ask(bytes: Buffer): Promise<string[][]> {
    if (this.#waiting !== null) throw new Error('a request is under way already');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  #receive(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#take(bytes[at] as number, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #take(type: number, body: Buffer): void {
    if (type === ROW) this.#rows.push(columnsOf(body));
    else if (type === FAILED) {
      this.#error = new Error(`PostgreSQL: ${body.toString().split('\0').slice(2, 4).join(' ')}`);
    } else if (type === READY) {
      const waiting = this.#waiting;
      const [rows, error] = [this.#rows, this.#error];
      this.#waiting = null;
      this.#rows = [];
      this.#error = null;
      if (error === null) waiting?.resolve(rows);
      else waiting?.reject(error);
    }
  }
}
