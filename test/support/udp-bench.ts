/** UDP transports over loopback with recording sinks, and somebody in the group with no secret. */
import { createSocket, type Socket } from 'node:dgram';
import type { PeerId } from '../../lib/transports/contract.js';
import { type UdpSlaveTransport, udpConnectOver } from '../../lib/transports/udp/connect.js';
import { type UdpMasterTransport, udpListenOver } from '../../lib/transports/udp/listen.js';
import { type OpenSocket, openSocket } from '../../lib/transports/udp/open-socket.js';
import type { UdpConnectOptions, UdpListenOptions } from '../../lib/transports/udp/settings.js';
import { RecordingSink, until } from './recording-sink.js';

const LOOPBACK = '127.0.0.1';
const SECRET = 'bench secret';

/** Sockets that count what is sent through them, whoever asked for it. */
export function countedSockets() {
  const sent = { datagrams: 0 };
  const openSocketOf: OpenSocket = (options) => {
    const socket = openSocket(options);
    const send = socket.send.bind(socket) as (...words: unknown[]) => void;
    socket.send = ((...words: unknown[]) => {
      sent.datagrams += 1;
      send(...words);
    }) as Socket['send'];
    return socket;
  };
  return { openSocket: openSocketOf, sent };
}

/** Hears every datagram of the group and can send to it, from any port of this host. */
export class Eavesdropper {
  readonly heard: Buffer[] = [];
  readonly #socket: Socket;
  readonly #group: string;
  readonly #port: number;

  private constructor(socket: Socket, group: string, port: number) {
    this.#socket = socket;
    this.#group = group;
    this.#port = port;
    socket.on('message', (datagram) => this.heard.push(datagram));
  }

  static async in(group: string, port: number): Promise<Eavesdropper> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise<void>((resolve) => socket.bind({ port, address: group }, resolve));
    socket.addMembership(group, LOOPBACK);
    socket.setMulticastInterface(LOOPBACK);
    return new Eavesdropper(socket, group, port);
  }

  /** To the group, or to another place. */
  async send(datagram: Uint8Array, port = this.#port, address = this.#group): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null) => (error === null ? resolve() : reject(error));
      this.#socket.send(datagram, port, address, done);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

export interface BenchSlave {
  readonly transport: UdpSlaveTransport;
  readonly sink: RecordingSink;
}

let benches = 0;

/** One master and its slaves, on a group that no other test uses. */
export class UdpBench {
  readonly sink = new RecordingSink();
  readonly master: UdpMasterTransport;
  readonly group: string;
  readonly slaves: BenchSlave[] = [];
  #ear: Eavesdropper | null = null;
  #marks = 0;

  constructor(options: Partial<UdpListenOptions> = {}, sockets: OpenSocket = openSocket) {
    benches += 1;
    this.group = `239.255.${100 + (process.pid % 100)}.${benches % 256}`;
    const { group } = this;
    this.master = udpListenOver({ port: 0, group, secret: SECRET, ...options }, sockets);
  }

  /** The master's peers that are there now. */
  get present(): readonly PeerId[] {
    const left = new Set(this.sink.lefts.map(({ peer }) => peer));
    return this.sink.joins.filter((peer) => !left.has(peer));
  }

  async ear(): Promise<Eavesdropper> {
    this.#ear ??= await Eavesdropper.in(this.group, this.master.port);
    return this.#ear;
  }

  /** One more slave that joined; `hearing` tells when datagrams are what it gets. */
  async slave(
    options: Partial<UdpConnectOptions> = {},
    sockets: OpenSocket = openSocket,
  ): Promise<BenchSlave> {
    const { port } = this.master;
    const given = { port, secret: SECRET, reconnectMsMax: 20, ...options };
    const slave = { transport: udpConnectOver(given, sockets), sink: new RecordingSink() };
    const before = this.sink.joins.length;
    this.slaves.push(slave);
    await slave.transport.open(slave.sink);
    await until('joined on both sides', () => {
      return this.sink.joins.length > before && slave.sink.joins.length > 0;
    });
    return slave;
  }

  /** Waits until a multicast for all needs no stream, and clears what they received so far. */
  async hearing(): Promise<void> {
    await until('all slaves hear datagrams', () => {
      const { streamFrames } = this.master.traffic;
      this.master.multicast(this.present, Buffer.from('do you hear'));
      return this.master.traffic.streamFrames === streamFrames;
    });
    await this.flushed();
    for (const { sink } of this.slaves) sink.batches.length = 0;
  }

  /** Waits until all slaves got a frame by datagram that was sent after all others. */
  async flushed(): Promise<void> {
    this.#marks += 1;
    const mark = Buffer.from(`mark ${this.#marks}`);
    this.master.multicast(this.present, mark);
    for (const { sink, transport } of this.slaves) {
      const isThere = () => sink.frames.some((frame) => mark.equals(frame));
      await until(`${mark} at ${transport.address}`, isThere);
    }
  }

  /** Waits until this slave received that frame. */
  async got({ sink }: BenchSlave, frame: Uint8Array): Promise<void> {
    const isThere = () => sink.frames.some((got) => Buffer.from(got).equals(frame));
    await until(`"${Buffer.from(frame).subarray(0, 40)}"`, isThere);
  }

  async close(): Promise<void> {
    await Promise.all(this.slaves.map(({ transport }) => transport.close()));
    await this.master.close();
    this.#ear?.close();
  }
}

/** Runs with an open master, and closes all of it whatever happens. */
export async function withBench(
  run: (bench: UdpBench) => Promise<void>,
  options?: Partial<UdpListenOptions>,
  sockets?: OpenSocket,
): Promise<void> {
  const bench = new UdpBench(options, sockets);
  try {
    await bench.master.open(bench.sink);
    await run(bench);
  } finally {
    await bench.close();
  }
}
