/** What both sides of the memory network do alike, and the connections between them. */
import { ReplicationError } from '../../errors.js';
import type { PeerId } from '../contract.js';
import type { SinkGate } from '../sink-gate.js';
import { Lane, type LaneEnds, type LaneHost } from './lane.js';
import type { Link } from './link.js';

/** What endpoints need of the network. */
export interface EndpointHost extends LaneHost {
  readonly outboundBytesMax: number;
  link(from: string, to: string): Link;
}

/** One end of a connection: `peer` is how this end calls the other. */
export class Side {
  readonly peer: PeerId;
  readonly endpoint: Endpoint;
  // The two ends and their lanes refer to each other; `connectSides` sets both before use.
  outbound!: Lane;
  other!: Side;
  joined = false;
  /** Nothing more is delivered here, except `left`. */
  over = false;

  constructor(peer: PeerId, endpoint: Endpoint) {
    this.peer = peer;
    this.endpoint = endpoint;
  }

  /** Ends in order: the other side learns of it behind the frames under way. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.other.outbound.cut();
    this.outbound.end();
    this.#tell(null);
  }

  /** The connection breaks: both sides learn of it, what is under way is lost. */
  break(error: ReplicationError): void {
    for (const side of [this, this.other]) {
      side.outbound.cut();
      if (side.over) continue;
      side.over = true;
      side.#tell(error);
    }
  }

  #tell(error: ReplicationError | null): void {
    this.endpoint.network.clock.setImmediate(() => this.endpoint.left(this, error));
  }
}

export class Endpoint {
  readonly name: string;
  readonly network: EndpointHost;
  readonly maxFrameBytes: number;
  readonly sides = new Map<PeerId, Side>();
  gate: SinkGate | null = null;
  readonly #afterLeft: () => void;
  #whenEmpty: (() => void) | null = null;

  constructor(network: EndpointHost, name: string, maxFrameBytes: number, afterLeft: () => void) {
    this.network = network;
    this.name = name;
    this.maxFrameBytes = maxFrameBytes;
    this.#afterLeft = afterLeft;
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.refuseBadFrame(frame);
    const side = this.#joined(peer);
    if (side !== undefined) this.#push(side, frame);
  }

  multicast(peers: Iterable<PeerId>, frame: Uint8Array): void {
    this.refuseBadFrame(frame);
    for (const peer of peers) {
      const side = this.#joined(peer);
      if (side !== undefined) this.#push(side, frame);
    }
  }

  /** A peer that is gone takes nothing; `left` tells. */
  writable(peer: PeerId): boolean {
    const side = this.#joined(peer);
    return side !== undefined && !side.over && side.outbound.writable;
  }

  disconnect(peer: PeerId): void {
    this.#joined(peer)?.end();
  }

  /** Ends all connections; resolves when the sink was told of each. */
  async endAll(): Promise<void> {
    for (const side of this.sides.values()) side.end();
    if (this.sides.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  left(side: Side, error: ReplicationError | null): void {
    if (!this.sides.delete(side.peer)) return;
    if (side.joined) this.gate?.left(side.peer, error);
    this.#afterLeft();
    if (this.sides.size > 0 || this.#whenEmpty === null) return;
    this.#whenEmpty();
    this.#whenEmpty = null;
  }

  refuseBadFrame(frame: Uint8Array): void {
    if (frame.length > 0 && frame.length <= this.maxFrameBytes) return;
    if (frame.length === 0) {
      throw new ReplicationError('PROTOCOL', 'a frame needs at least one byte');
    }
    const message =
      `a frame of ${frame.length} bytes is above the limit of ${this.maxFrameBytes}: ` +
      'send it in parts or raise maxFrameBytes';
    throw new ReplicationError('TOO_LARGE', message);
  }

  #joined(peer: PeerId): Side | undefined {
    const side = this.sides.get(peer);
    return side?.joined ? side : undefined;
  }

  #push(side: Side, frame: Uint8Array): void {
    if (side.over) return;
    side.outbound.send(frame);
    const waiting = side.outbound.waitingBytes;
    if (waiting <= this.network.outboundBytesMax) return;
    const message =
      `${side.peer} was dropped, it is too slow: ${waiting} bytes wait for it; it catches up ` +
      'when it connects again';
    side.break(new ReplicationError('OVERLOADED', message));
  }
}

function endsAt(receiver: Side): LaneEnds {
  const { endpoint, peer, other } = receiver;
  return {
    joined: () => {
      receiver.joined = true;
      endpoint.gate?.joined(peer);
    },
    received: (frames) => endpoint.gate?.received(peer, frames),
    drained: () => {
      if (other.joined && !other.over) other.endpoint.gate?.drained(other.peer);
    },
    left: (error) => {
      receiver.over = true;
      receiver.outbound.cut();
      endpoint.left(receiver, error);
    },
  };
}

/** Joins the two; each learns of it when the link's delay is over. */
export function connectSides(master: Endpoint, slave: Endpoint, serial: number): void {
  const { network } = master;
  const toSlave = new Side(`${slave.name}#${serial}`, master);
  const toMaster = new Side(`${master.name}#${serial}`, slave);
  toSlave.other = toMaster;
  toMaster.other = toSlave;
  master.sides.set(toSlave.peer, toSlave);
  slave.sides.set(toMaster.peer, toMaster);
  toSlave.outbound = new Lane(network.link(master.name, slave.name), network, endsAt(toMaster));
  toMaster.outbound = new Lane(network.link(slave.name, master.name), network, endsAt(toSlave));
}
