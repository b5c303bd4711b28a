/**
 * A TCP proxy between one slave and its master that fails as networks do: links that are reset,
 * silent in one direction or both, open on one side only, slow, or that break in mid-transfer.
 */
import * as net from 'node:net';
import { type Flow, OPEN_FLOW, Pipe } from './process-pipe.js';

/** What is wrong with the way between the two; `amount` is milliseconds or bytes. */
export interface LinkFault {
  readonly kind: LinkFaultKind;
  /** `delay`, `flap`: milliseconds; `throttle`: bytes per second; `crumble`: until the reset. */
  readonly amount: number;
}

export const LINK_FAULT_KINDS = [
  /** Every connection is reset, new ones too. */
  'cut',
  /** Nothing passes in either direction; the connections stay. */
  'silent',
  /** Nothing passes to the slave. */
  'deaf',
  /** Nothing passes to the master. */
  'mute',
  /** The master's side is gone, the slave thinks it is connected; new connections work. */
  'half-open-slave',
  /** The slave's side is gone, the master thinks it is connected; new connections work. */
  'half-open-master',
  /** Each connection is reset after so many bytes to the slave: in the middle of a transfer. */
  'crumble',
  /** Cut and whole in turn, at about the heartbeat's pace; whoever orders it toggles. */
  'flap',
  'delay',
  'throttle',
] as const;

export type LinkFaultKind = (typeof LINK_FAULT_KINDS)[number];

/** Those through which no contact lasts; the others are slow links. */
export function isPartition(kind: LinkFaultKind): boolean {
  return kind !== 'delay' && kind !== 'throttle';
}

interface Link {
  readonly near: net.Socket;
  readonly far: net.Socket;
  readonly pipes: readonly [toSlave: Pipe, toMaster: Pipe];
  /** One side was closed behind the back of the other. */
  isHalf: boolean;
}

export class FaultProxy {
  #target: number;
  readonly #server: net.Server;
  readonly #links = new Set<Link>();
  #fault: LinkFault | null = null;
  /** Bytes that may pass to the slave per connection. */
  #allowance = Number.POSITIVE_INFINITY;

  private constructor(target: number) {
    this.#target = target;
    this.#server = net.createServer((near) => this.#connect(near));
  }

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** From now on, for the connections that are there and for new ones. */
  impose(fault: LinkFault): void {
    this.#fault = fault;
    this.#allowance = fault.kind === 'crumble' ? fault.amount : Number.POSITIVE_INFINITY;
    if (fault.kind === 'cut') this.#reset();
    for (const link of this.#links) this.#halve(link, fault.kind);
    this.#applyFlows();
  }

  /**
   * The way is whole again.
   * @param flows true when what was held back arrives now, late, as after a lost packet was sent
   * again; false when the connections of before are reset, as after a router forgot them
   */
  heal(flows: boolean): void {
    this.#fault = null;
    this.#allowance = Number.POSITIVE_INFINITY;
    if (!flows) this.#reset();
    // The side that thought it was connected learns it from the first packet that gets through.
    for (const link of this.#links) if (link.isHalf) this.#end(link);
    this.#applyFlows();
  }

  /** Leads to another master from now on; what leads to the old one is reset. */
  reroute(target: number): void {
    this.#target = target;
    this.#reset();
  }

  close(): Promise<void> {
    this.#reset();
    // Closed twice is closed: whoever cleans up after a failure does not know how far it came.
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #reset(): void {
    for (const link of this.#links) this.#end(link);
  }

  #end(link: Link): void {
    this.#links.delete(link);
    for (const pipe of link.pipes) pipe.close();
    link.near.resetAndDestroy();
    link.far.resetAndDestroy();
  }

  #halve(link: Link, kind: LinkFaultKind): void {
    if (kind !== 'half-open-slave' && kind !== 'half-open-master') return;
    link.isHalf = true;
    for (const pipe of link.pipes) pipe.discard();
    (kind === 'half-open-slave' ? link.far : link.near).resetAndDestroy();
  }

  #applyFlows(): void {
    for (const { pipes } of this.#links) {
      pipes[0].flow = this.#flow('deaf');
      pipes[1].flow = this.#flow('mute');
    }
  }

  #flow(direction: 'deaf' | 'mute'): Flow {
    const { kind, amount } = this.#fault ?? { kind: null, amount: 0 };
    if (kind === 'silent' || kind === direction) return { ...OPEN_FLOW, isHeld: true };
    if (kind === 'delay') return { ...OPEN_FLOW, delayMs: amount };
    if (kind === 'throttle') return { ...OPEN_FLOW, bytesPerSecond: amount };
    return OPEN_FLOW;
  }

  #connect(near: net.Socket): void {
    // 'close' follows, and the other half is ended there.
    near.on('error', () => undefined);
    if (this.#fault?.kind === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    far.on('error', () => undefined);
    near.setNoDelay(true);
    const toSlave = new Pipe(far, near, this.#flow('deaf'));
    const toMaster = new Pipe(near, far, this.#flow('mute'));
    const link: Link = { near, far, pipes: [toSlave, toMaster], isHalf: false };
    this.#links.add(link);
    near.on('close', () => this.#closed(link, 'mute'));
    far.on('close', () => this.#closed(link, 'deaf'));
    far.on('data', () => {
      if (toSlave.bytes > this.#allowance) this.#end(link);
    });
  }

  /** An end is news, too: where nothing passes, the other side does not get it. */
  #closed(link: Link, direction: 'deaf' | 'mute'): void {
    if (link.isHalf) return;
    if (!this.#flow(direction).isHeld) return this.#end(link);
    link.isHalf = true;
    for (const pipe of link.pipes) pipe.discard();
  }
}
