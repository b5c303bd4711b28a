/** The two transports of the memory network. */
import { ReplicationError } from '../../errors.js';
import type { Random } from '../../runtime/random.js';
import { Backoff } from '../backoff.js';
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { connectSides, Endpoint, type EndpointHost } from './endpoint.js';

/** What the two transports need of the network. */
export interface TransportHost extends EndpointHost {
  /** Features of everything that touches `name`, as its links are now. */
  promises(name: string): { readonly ordered: boolean; readonly reliable: boolean };
  listener(name: string): Endpoint | null;
  /** @throws {ReplicationError} INVALID_OPTION when another open master has this name */
  register(master: Endpoint): void;
  unregister(master: Endpoint): void;
  /** Fresh for every connection. */
  nextSerial(): number;
}

abstract class MemorySide {
  readonly address: string;
  protected readonly host: TransportHost;
  protected readonly endpoint: Endpoint;
  protected readonly declared: Partial<TransportFeatures>;
  readonly #lifecycle: Lifecycle;

  constructor(host: TransportHost, endpoint: Endpoint, declared: Partial<TransportFeatures>) {
    this.host = host;
    this.endpoint = endpoint;
    this.address = `memory:${endpoint.name}`;
    this.declared = declared;
    this.#lifecycle = new Lifecycle(`the memory transport "${endpoint.name}"`, {
      start: (gate) => this.start(gate),
      stop: () => this.stop(),
    });
  }

  get features(): TransportFeatures {
    const { ordered, reliable } = this.host.promises(this.endpoint.name);
    return {
      ordered: ordered && this.declared.ordered !== false,
      reliable: reliable && this.declared.reliable !== false,
      multicast: this.declared.multicast ?? false,
      maxFrameBytes: this.endpoint.maxFrameBytes,
    };
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.endpoint.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return this.endpoint.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.endpoint.disconnect(peer);
  }

  protected abstract start(gate: SinkGate): void;
  protected abstract stop(): Promise<void>;
}

export class MemoryMaster extends MemorySide implements MasterTransport {
  readonly role = 'master';

  constructor(
    host: TransportHost,
    name: string,
    features: Partial<TransportFeatures>,
    max: number,
  ) {
    super(host, new Endpoint(host, name, max, () => undefined), features);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    // Where it is true multicast everybody hears it, as the contract warns.
    const reached = this.declared.multicast ? this.endpoint.sides.keys() : peers;
    this.endpoint.multicast(reached, frame);
  }

  protected start(gate: SinkGate): void {
    this.host.register(this.endpoint);
    this.endpoint.gate = gate;
  }

  protected stop(): Promise<void> {
    this.host.unregister(this.endpoint);
    return this.endpoint.endAll();
  }
}

/** How a slave of the memory network connects. */
export interface SlaveSettings {
  readonly to: string;
  readonly name: string;
  readonly maxFrameBytes: number;
  readonly reconnectMsMin: number;
  readonly reconnectMsMax: number;
  readonly random: Random;
}

export class MemorySlave extends MemorySide implements SlaveTransport {
  readonly role = 'slave';
  readonly #to: string;
  readonly #backoff: Backoff;
  #timer: unknown = null;
  #open = false;
  #told = false;

  constructor(host: TransportHost, settings: SlaveSettings) {
    const afterLeft = () => this.#retry();
    super(host, new Endpoint(host, settings.name, settings.maxFrameBytes, afterLeft), {});
    this.#to = settings.to;
    const { reconnectMsMin, reconnectMsMax, random } = settings;
    this.#backoff = new Backoff(reconnectMsMin, reconnectMsMax, random);
  }

  protected start(gate: SinkGate): void {
    this.endpoint.gate = gate;
    this.#open = true;
    this.#told = false;
    this.host.clock.setImmediate(this.#dial);
  }

  protected stop(): Promise<void> {
    this.#open = false;
    this.host.clock.clearTimeout(this.#timer);
    return this.endpoint.endAll();
  }

  readonly #dial = (): void => {
    if (!this.#open || this.endpoint.sides.size > 0) return;
    const { name } = this.endpoint;
    const master = this.host.listener(this.#to);
    const cut = this.host.link(name, this.#to).partitioned;
    if (master !== null && !cut && !this.host.link(this.#to, name).partitioned) {
      this.#told = false;
      this.#backoff.reset();
      connectSides(master, this.endpoint, this.host.nextSerial());
      return;
    }
    if (!this.#told) {
      const message =
        `no master is reached as "${this.#to}" on this memory network: open one of that name, or ` +
        'heal the partition; this slave keeps trying';
      const details = { retryable: true };
      this.endpoint.gate?.troubled(new ReplicationError('NOT_RUNNING', message, details));
    }
    this.#told = true;
    this.#retry();
  };

  #retry(): void {
    if (!this.#open) return;
    this.host.clock.clearTimeout(this.#timer);
    this.#timer = this.host.clock.setTimeout(this.#dial, this.#backoff.nextMs());
  }
}
