/** `yjs`: a Y.Map over WebSocket, one transaction per turn of the event loop: its best form. */
import { loadPackage } from '../../peers/packages.js';
import type { Value } from '../../values.js';
import type { MasterSide, SideConfig, SlaveSide } from '../contract.js';
import type { WebSocketLike, WebSocketServerLike, Ws, YDoc, Yjs } from './packages.js';

const MAP = 'bench';
const WAITING_BYTES_MAX = 1024 * 1024;
const LOOK_MS = 1;

class YjsMaster implements MasterSide {
  readonly #clients = new Set<WebSocketLike>();
  readonly #doc: YDoc;
  #changes: Array<readonly [key: string, value: Value]> = [];

  constructor(
    yjs: Yjs,
    private readonly server: WebSocketServerLike,
  ) {
    this.#doc = new yjs.Doc();
    this.#doc.on('update', (update) => {
      for (const client of this.#clients) client.send(update);
    });
    server.on('connection', (client) => {
      client.on('close', () => this.#clients.delete(client));
      client.on('error', () => client.terminate());
      // The client's first word says what it has; it gets the rest, then all that comes.
      client.on('message', (stateVector) => {
        client.send(yjs.encodeStateAsUpdate(this.#doc, stateVector));
        this.#clients.add(client);
      });
    });
  }

  get address(): string {
    return String(this.server.address().port);
  }

  async joined(): Promise<void> {}

  put(key: string, value: Value): void {
    if (this.#changes.length === 0) setImmediate(() => this.#transact());
    this.#changes.push([key, value]);
  }

  pressure(): Promise<void> | null {
    return this.#isFull() ? this.#untilEmptier() : null;
  }

  read(key: string): Value | undefined {
    return this.#doc.getMap(MAP).get(key);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.terminate();
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  #transact(): void {
    const changes = this.#changes;
    this.#changes = [];
    const map = this.#doc.getMap(MAP);
    this.#doc.transact(() => {
      for (const [key, value] of changes) map.set(key, value);
    });
  }

  #isFull(): boolean {
    return [...this.#clients].some((client) => client.bufferedAmount > WAITING_BYTES_MAX);
  }

  /** A WebSocket of `ws` tells nobody when it has room again. */
  async #untilEmptier(): Promise<void> {
    while (this.#isFull()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

class YjsSlave implements SlaveSide {
  readonly #doc: YDoc;
  #socket: WebSocketLike | null = null;
  #applied: () => void = () => {};

  constructor(
    private readonly yjs: Yjs,
    private readonly ws: Ws,
    private readonly port: string,
  ) {
    this.#doc = new yjs.Doc();
  }

  connect(): Promise<void> {
    const url = `ws://127.0.0.1:${this.port}`;
    const socket = new this.ws.WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send(this.yjs.encodeStateVector(this.#doc)));
      socket.on('message', (update) => {
        this.yjs.applyUpdate(this.#doc, update);
        this.#applied();
        resolve();
      });
    });
  }

  async disconnect(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    const closed = new Promise<void>((resolve) => socket.on('close', resolve));
    socket.terminate();
    await closed;
  }

  read(key: string): Value | undefined {
    return this.#doc.getMap(MAP).get(key);
  }

  size(): number {
    return this.#doc.getMap(MAP).size;
  }

  onApplied(listener: () => void): void {
    this.#applied = listener;
  }

  stop(): Promise<void> {
    return this.disconnect();
  }
}

const load = () => Promise.all([loadPackage<Yjs>('yjs'), loadPackage<Ws>('ws')]);

export async function createMasterSide(): Promise<MasterSide> {
  const [yjs, { WebSocketServer }] = await load();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await new Promise<void>((resolve) => server.on('listening', resolve));
  return new YjsMaster(yjs, server);
}

export async function createSlaveSide(_config: SideConfig, address: string): Promise<SlaveSide> {
  const [yjs, ws] = await load();
  return new YjsSlave(yjs, ws, address);
}
