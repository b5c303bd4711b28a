/** The master's sending socket: one datagram to the group, whoever has joined it. */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:dgram';
import { ReplicationError } from '../../errors.js';
import { closeSocket, type OpenSocket } from './open-socket.js';
import type { ListenSettings } from './settings.js';
import { TroubleLimit } from './trouble-limit.js';

export interface CasterOwner {
  troubled(error: ReplicationError): void;
  /** A datagram did not leave. */
  failed(): void;
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

/**
 * Connected to the group, so that the system delivers nothing to it: no datagram comes from a
 * group's address. What cannot be sent is told and reported back; nothing of it is ever thrown.
 */
export class Caster {
  readonly #settings: ListenSettings;
  readonly #openSocket: OpenSocket;
  readonly #owner: CasterOwner;
  readonly #failures: TroubleLimit;
  readonly #crowding: TroubleLimit;
  #socket: Socket | null = null;
  #isUp = false;
  #waitingBytes = 0;
  #why = '';

  constructor(settings: ListenSettings, openSocket: OpenSocket, owner: CasterOwner) {
    this.#settings = settings;
    this.#openSocket = openSocket;
    this.#owner = owner;
    this.#failures = new TroubleLimit(settings.clock, (count) => this.#tellFailed(count));
    this.#crowding = new TroubleLimit(settings.clock, (count) => this.#tellCrowded(count));
  }

  /** Whether datagrams can be sent; without it everything goes by the stream. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Begins, or begins again after a failure; `isUp` shows when it is done. */
  open(port: number): void {
    if (this.#socket !== null) return;
    const { group, interface: local, ttl } = this.#settings;
    const socket = this.#openSocket({ type: 'udp4' });
    this.#socket = socket;
    this.#waitingBytes = 0;
    socket.on('error', (error) => this.#fail(socket, error));
    socket.once('listening', () =>
      this.#guarded(socket, () => {
        socket.setMulticastInterface(local);
        socket.setMulticastTTL(ttl);
        socket.setMulticastLoopback(true);
        socket.connect(port, group);
      }),
    );
    socket.once('connect', () => {
      this.#isUp = this.#socket === socket;
    });
    // Workers of a cluster would share the socket otherwise.
    this.#guarded(socket, () => socket.bind({ address: local, exclusive: true }));
  }

  close(): void {
    closeSocket(this.#socket);
    this.#socket = null;
    this.#isUp = false;
  }

  /**
   * Sends one datagram; false when it did not leave.
   * @param refused called, now or later, when the system does not take it; not where too many wait
   */
  send(datagram: Buffer, refused: () => void): boolean {
    const socket = this.#socket;
    if (socket === null || !this.#isUp) return false;
    if (this.#waitingBytes + datagram.length > this.#settings.datagramQueueBytesMax) {
      this.#owner.failed();
      this.#crowding.note();
      return false;
    }
    this.#waitingBytes += datagram.length;
    const sent = (error: Error | null) => {
      if (this.#socket !== socket) return;
      this.#waitingBytes -= datagram.length;
      if (error === null || error === undefined) return;
      this.#why = codeOf(error);
      this.#owner.failed();
      this.#failures.note();
      refused();
    };
    if (this.#guarded(socket, () => socket.send(datagram, sent))) return true;
    refused();
    return false;
  }

  /** node:dgram throws what the system says to some calls. */
  #guarded(socket: Socket, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (thrown) {
      this.#fail(socket, thrown instanceof Error ? thrown : new Error(String(thrown)));
      return false;
    }
  }

  /** The socket is of no use any more; the next slave that asks to hear makes another one. */
  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#why = codeOf(error);
    this.close();
    this.#owner.failed();
    this.#failures.note();
  }

  #tellFailed(count: number): void {
    const { group, interface: local } = this.#settings;
    const message =
      `datagrams to ${group} could not be sent from ${local} (${this.#why}, ${count} times): ` +
      'they go by the stream instead; check that "interface" takes multicast, and datagramBytesMax';
    this.#owner.troubled(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }

  #tellCrowded(count: number): void {
    const message =
      `${count} datagrams were dropped, more than datagramQueueBytesMax ` +
      `(${this.#settings.datagramQueueBytesMax} bytes) waited for the system to send them`;
    this.#owner.troubled(new ReplicationError('OVERLOADED', message));
  }
}
