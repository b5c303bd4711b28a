/**
 * A network within one process: an object, so two of them never meet. Without faults it is ordered
 * and reliable and delivers on the next turn; with them it is a seeded simulation.
 */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  booleanOption,
  checkOptions,
  functionOption,
  integerOption,
  objectOption,
  stringOption,
} from '../../options.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { type Random, seededRandom } from '../../runtime/random.js';
import type { MasterTransport, SlaveTransport, TransportFeatures } from '../contract.js';
import type { Endpoint } from './endpoint.js';
import { FAULT_CHECKS, keepsOrder, type LinkFaults, loses } from './faults.js';
import type { Lane } from './lane.js';
import { Link, type LinkStatistics } from './link.js';
import { MemoryMaster, MemorySlave, type TransportHost } from './sides.js';

export interface MemoryNetworkOptions {
  /** The same seed and the same calls give the same run. @default 0 */
  readonly seed?: string | number;
  /** @default the system's monotonic clock */
  readonly clock?: Clock;
  /** Of every link and direction, until `setFaults` says otherwise. @default none */
  readonly faults?: LinkFaults;
  /** Bytes of the longest frame. @default 4 MiB */
  readonly maxFrameBytes?: number;
  /** Bytes under way to a peer above which it is not `writable`. @default 4 MiB */
  readonly highWaterBytes?: number;
  /** Bytes under way to a peer at which it is dropped with `OVERLOADED`. @default 16 MiB */
  readonly outboundBytesMax?: number;
}

export interface MemoryConnectOptions {
  /** The name of the master to connect to. @default 'master' */
  readonly to?: string;
  /** The slave's own name, by which links are told apart. @default 'slave-1', 'slave-2', ... */
  readonly name?: string;
  /** Milliseconds: the bound of the first reconnect delay; it doubles each time. @default 50 */
  readonly reconnectMsMin?: number;
  /** Milliseconds: the bound no reconnect delay exceeds. @default 2000 */
  readonly reconnectMsMax?: number;
  /** Where the jitter comes from. @default a stream of the network's seed for this name */
  readonly random?: Random;
}

export interface PartitionOptions {
  /** Only frames from the first to the second name stop. @default false */
  readonly oneWay?: boolean;
}

const FEATURE_CHECKS = {
  ordered: booleanOption,
  reliable: booleanOption,
  multicast: booleanOption,
  maxFrameBytes: integerOption(1, limits.frameBytesCeiling),
};

export class MemoryNetwork implements TransportHost {
  readonly clock: Clock;
  readonly highWaterBytes: number;
  readonly outboundBytesMax: number;
  readonly #seed: string | number;
  readonly #maxFrameBytes: number;
  readonly #faults: LinkFaults;
  readonly #links = new Map<string, Link>();
  /** For each name: its links that may reorder, and those that may lose, frames. */
  readonly #weak = new Map<string, { unordered: number; lossy: number }>();
  readonly #masters = new Map<string, Endpoint>();
  #ready: Lane[] = [];
  #serial = 0;
  #slaves = 0;

  constructor(options: MemoryNetworkOptions = {}) {
    checkOptions('memoryNetwork', options, {
      seed: (value) =>
        ['undefined', 'string', 'number'].includes(typeof value) ? null : 'a string or a number',
      clock: objectOption,
      faults: objectOption,
      maxFrameBytes: integerOption(1, limits.frameBytesCeiling),
      highWaterBytes: integerOption(1),
      outboundBytesMax: integerOption(1),
    });
    checkOptions('memoryNetwork faults', options.faults ?? {}, FAULT_CHECKS);
    this.clock = options.clock ?? systemClock;
    this.#seed = options.seed ?? 0;
    this.#faults = options.faults ?? {};
    this.#maxFrameBytes = options.maxFrameBytes ?? limits.frameBytesMax;
    this.highWaterBytes = options.highWaterBytes ?? limits.highWaterBytes;
    this.outboundBytesMax = options.outboundBytesMax ?? limits.outboundBytesMax;
  }

  /**
   * A master's side. What `features` denies it does not promise, whatever the links do; with
   * `multicast: true` a multicast reaches every joined peer.
   * @throws {ReplicationError} INVALID_OPTION
   */
  listen(name = 'master', features: Partial<TransportFeatures> = {}): MasterTransport {
    checkOptions('listen', { name }, { name: stringOption });
    checkOptions('the features of listen', features, FEATURE_CHECKS);
    return new MemoryMaster(this, name, features, features.maxFrameBytes ?? this.#maxFrameBytes);
  }

  /**
   * A slave's side; it connects when it is opened, and again for as long as it is.
   * @throws {ReplicationError} INVALID_OPTION
   */
  connect(options: MemoryConnectOptions = {}): SlaveTransport {
    checkOptions('connect', options, {
      to: stringOption,
      name: stringOption,
      reconnectMsMin: integerOption(1),
      reconnectMsMax: integerOption(1),
      random: functionOption,
    });
    this.#slaves += 1;
    const name = options.name ?? `slave-${this.#slaves}`;
    return new MemorySlave(this, {
      to: options.to ?? 'master',
      name,
      maxFrameBytes: this.#maxFrameBytes,
      reconnectMsMin: options.reconnectMsMin ?? limits.reconnectMsMin,
      reconnectMsMax: options.reconnectMsMax ?? limits.reconnectMsMax,
      random: options.random ?? seededRandom(this.#seed, `${name} reconnect`),
    });
  }

  /**
   * Replaces the faults of one direction, from now on.
   * @throws {ReplicationError} INVALID_OPTION
   */
  setFaults(from: string, to: string, faults: LinkFaults): void {
    checkOptions('setFaults', faults, FAULT_CHECKS);
    const link = this.link(from, to);
    this.#count(link, -1);
    link.faults = faults;
    this.#count(link, 1);
  }

  /**
   * Nothing passes between the two any more, and no new connection comes about. On a reliable link
   * frames wait, as TCP's would; on an unreliable one they are lost. Connections stay.
   */
  partition(a: string, b: string, options: PartitionOptions = {}): void {
    checkOptions('partition', options, { oneWay: booleanOption });
    this.link(a, b).partitioned = true;
    if (options.oneWay !== true) this.link(b, a).partitioned = true;
  }

  /** Ends the partition between the two, or without names every partition. */
  heal(a?: string, b?: string): void {
    for (const link of this.#links.values()) {
      const meant =
        a === undefined ||
        (link.from === a && (b === undefined || link.to === b)) ||
        (link.to === a && (b === undefined || link.from === b));
      if (meant) link.heal();
    }
  }

  /** Breaks every connection between the two: what is under way is lost, both sides are told. */
  cut(a: string, b: string): void {
    for (const master of this.#masters.values()) {
      for (const side of master.sides.values()) {
        const names = [master.name, side.other.endpoint.name];
        if (!names.includes(a) || !names.includes(b)) continue;
        const message = `the connection between "${a}" and "${b}" was cut`;
        side.break(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
      }
    }
  }

  /** What went from one name to the other, over all their connections. A copy. */
  statistics(from: string, to: string): Readonly<LinkStatistics> {
    return { ...this.link(from, to).statistics };
  }

  /** @internal */
  link(from: string, to: string): Link {
    const key = `${from}\u0000${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link(from, to, this.#seed, this.#faults);
      this.#links.set(key, link);
      this.#count(link, 1);
    }
    return link;
  }

  /** What a side promises is asked with every part it sends: a look at all links would be slow. */
  #count({ from, to, faults }: Link, step: 1 | -1): void {
    for (const name of [from, to]) {
      const weak = this.#weak.get(name) ?? { unordered: 0, lossy: 0 };
      if (!keepsOrder(faults)) weak.unordered += step;
      if (loses(faults)) weak.lossy += step;
      this.#weak.set(name, weak);
    }
  }

  /** @internal */
  promises(name: string): { ordered: boolean; reliable: boolean } {
    const weak = this.#weak.get(name);
    return {
      ordered: keepsOrder(this.#faults) && (weak?.unordered ?? 0) === 0,
      reliable: !loses(this.#faults) && (weak?.lossy ?? 0) === 0,
    };
  }

  /** @internal */
  listener(name: string): Endpoint | null {
    return this.#masters.get(name) ?? null;
  }

  /** @internal */
  register(master: Endpoint): void {
    if (this.#masters.has(master.name)) {
      const message = `a master named "${master.name}" is open on this network: close it first`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    this.#masters.set(master.name, master);
  }

  /** @internal */
  unregister(master: Endpoint): void {
    if (this.#masters.get(master.name) === master) this.#masters.delete(master.name);
  }

  /** @internal */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** @internal One turn for all lanes that have something to deliver. */
  ready(lane: Lane): void {
    this.#ready.push(lane);
    if (this.#ready.length === 1) this.clock.setImmediate(this.#deliver);
  }

  readonly #deliver = (): void => {
    const ready = this.#ready;
    this.#ready = [];
    for (const lane of ready) lane.deliver();
  };
}
