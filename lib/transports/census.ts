/**
 * Every socket of a listener: who is still shaking hands and who joined, and from where. Strangers
 * get a bounded number of places, and one who floods takes them from himself (threat A6).
 */
import type { Socket } from 'node:net';
import { ReplicationError } from '../errors.js';
import { limits } from '../limits.js';
import { isLoopback } from './addresses.js';
import type { Admission } from './admission-options.js';
import { nameOf } from './socket-name.js';
import type { TroubleMeter } from './trouble-meter.js';

interface Entry {
  readonly socket: Socket;
  readonly host: string;
  readonly sinceMs: number;
}

/** A socket in the file system, as between a proxy and the host's server, has no address. */
function isOfThisHost(host: string): boolean {
  return host === '' || isLoopback(host);
}

export class Census {
  readonly #limits: Admission;
  readonly #meter: TroubleMeter;
  readonly #where: string;
  readonly #all = new Map<string, Entry>();
  /** Sockets that have not joined, oldest first, by the address they come from. */
  readonly #waiting = new Map<string, Map<string, Entry>>();
  readonly #joinedFrom = new Map<string, number>();
  /** Ended by this listener: what their handshakes will say of that is no news. */
  readonly #ended = new Set<string>();
  #joined = 0;

  /** @param where the function people called, for messages */
  constructor(settings: Admission, meter: TroubleMeter, where: string) {
    this.#limits = settings;
    this.#meter = meter;
    this.#where = where;
  }

  get sockets(): Iterable<Socket> {
    return [...this.#all.values()].map(({ socket }) => socket);
  }

  get waiting(): number {
    return this.#all.size - this.#joined;
  }

  /** A socket was accepted; makes room for it among those that shake hands. */
  add(socket: Socket, nowMs: number): void {
    const host = socket.remoteAddress ?? '';
    const name = nameOf(socket);
    const entry = { socket, host, sinceMs: nowMs };
    const before = this.#all.get(name);
    // Its port was given away before its end was told.
    if (before !== undefined) this.#remove(name, before);
    this.#all.set(name, entry);
    const there = this.#waiting.get(host) ?? new Map<string, Entry>();
    this.#waiting.set(host, there.set(name, entry));
    socket.once('close', () => this.#remove(name, entry));
    const most = isOfThisHost(host) ? limits.handshakesMax : this.#limits.connectionsPerAddressMax;
    if (there.size > most) this.#evict(there, `${host} has ${most} of them`);
    else if (this.waiting > limits.handshakesMax) {
      this.#evict(this.#greediest(), `${limits.handshakesMax} connections shake hands`);
    }
  }

  /** When the socket of this name was accepted; it may be under TLS by now. */
  sinceMs(name: string): number | undefined {
    return this.#all.get(name)?.sinceMs;
  }

  /**
   * Whether this end of a handshake was decided on here, and told then; each is asked about once.
   * Under TLS the name of a connection is lost with it: `null` is one of them.
   */
  takeEnded(name: string | null): boolean {
    if (name !== null) return this.#ended.delete(name);
    const [any] = this.#ended;
    return any !== undefined && this.#ended.delete(any);
  }

  /** Why this one may not join, or null. */
  refusal(name: string): ReplicationError | null {
    const { maxConnections, connectionsPerAddressMax: most } = this.#limits;
    if (this.#joined >= maxConnections) {
      const message =
        `${name} was refused, ${this.#joined} connections are open: raise maxConnections ` +
        `of ${this.#where} or use fewer slaves`;
      return new ReplicationError('OVERLOADED', message);
    }
    const host = this.#all.get(name)?.host ?? '';
    if (isOfThisHost(host) || (this.#joinedFrom.get(host) ?? 0) < most) return null;
    const message =
      `${name} was refused, ${host} has ${most} connections already: raise ` +
      `connectionsPerAddressMax of ${this.#where} if they are all wanted, as behind a proxy`;
    return new ReplicationError('OVERLOADED', message);
  }

  joined(name: string): void {
    const entry = this.#all.get(name);
    if (entry === undefined || !this.#leaveWaiting(name, entry.host)) return;
    this.#joined += 1;
    this.#joinedFrom.set(entry.host, (this.#joinedFrom.get(entry.host) ?? 0) + 1);
  }

  #remove(name: string, entry: Entry): void {
    if (this.#all.get(name) !== entry) return;
    this.#all.delete(name);
    if (this.#leaveWaiting(name, entry.host)) return;
    this.#joined -= 1;
    const left = (this.#joinedFrom.get(entry.host) ?? 1) - 1;
    if (left === 0) this.#joinedFrom.delete(entry.host);
    else this.#joinedFrom.set(entry.host, left);
  }

  #leaveWaiting(name: string, host: string): boolean {
    const there = this.#waiting.get(host);
    if (there === undefined || !there.delete(name)) return false;
    if (there.size === 0) this.#waiting.delete(host);
    return true;
  }

  #greediest(): Map<string, Entry> {
    let most = new Map<string, Entry>();
    for (const there of this.#waiting.values()) if (there.size > most.size) most = there;
    return most;
  }

  /** The oldest one: who means it needs some milliseconds only. */
  #evict(there: ReadonlyMap<string, Entry>, why: string): void {
    for (const [name, { socket }] of there) {
      if (this.#ended.has(name) || socket.destroyed) continue;
      this.#ended.add(name);
      socket.destroy();
      return this.#meter.tellOf('OVERLOADED', () => {
        const message =
          `${name} was ended before it completed the handshake: ${why}. Slaves try again; if ` +
          'none of them is refused, somebody floods this port';
        return new ReplicationError('OVERLOADED', message);
      });
    }
  }
}
