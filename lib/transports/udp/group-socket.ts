/** A slave's receiving socket: a member of the master's group on one interface. */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:dgram';
import { platform } from 'node:process';
import { ReplicationError, reasonOf } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import { closeSocket, type OpenSocket } from './open-socket.js';
import { TroubleLimit } from './trouble-limit.js';

/** What the system should hold for a slave that is busy: a burst fills its default. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

export interface Place {
  readonly group: string;
  readonly port: number;
  readonly interface: string;
}

export interface GroupSocketOwner {
  /** The group is joined: from now on its datagrams arrive, if the network brings any. */
  joined(): void;
  datagram(bytes: Buffer, source: string): void;
  troubled(error: ReplicationError): void;
}

export class GroupSocket {
  readonly #openSocket: OpenSocket;
  readonly #owner: GroupSocketOwner;
  readonly #failures: TroubleLimit;
  #socket: Socket | null = null;
  #place: Place = { group: '', port: 0, interface: '' };
  #isUp = false;
  #why = '';

  constructor(openSocketOf: OpenSocket, clock: Clock, owner: GroupSocketOwner) {
    this.#openSocket = openSocketOf;
    this.#owner = owner;
    this.#failures = new TroubleLimit(clock, (count) => this.#tell(count));
  }

  /** `joined` follows, at once where it is there already; or `troubled`. */
  join(place: Place): void {
    const { group, port } = this.#place;
    if (this.#socket !== null && group === place.group && port === place.port) {
      if (this.#isUp) this.#owner.joined();
      return;
    }
    this.close();
    this.#place = place;
    this.#open(place);
  }

  /** Tries again where the system refused before. */
  retry(): void {
    if (this.#socket === null) this.#open(this.#place);
  }

  close(): void {
    closeSocket(this.#socket);
    this.#socket = null;
    this.#isUp = false;
  }

  #open(place: Place): void {
    // Many slaves of one host share the port.
    const socket = this.#openSocket({ type: 'udp4', reuseAddr: true });
    this.#socket = socket;
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('message', (bytes, { address }) => {
      if (this.#socket === socket) this.#owner.datagram(bytes, address);
    });
    socket.once('listening', () => {
      if (this.#socket !== socket) return;
      if (!this.#guarded(socket, () => socket.addMembership(place.group, place.interface))) return;
      this.#widen(socket);
      this.#isUp = true;
      this.#owner.joined();
    });
    // Bound to the group's address it gets nothing else; other systems than Linux refuse that.
    const bound = platform === 'linux' ? { address: place.group } : {};
    // Workers of a cluster would share the socket otherwise: each datagram would reach one of them.
    this.#guarded(socket, () => socket.bind({ ...bound, port: place.port, exclusive: true }));
  }

  #widen(socket: Socket): void {
    try {
      socket.setRecvBufferSize(RECEIVE_BYTES);
    } catch {
      // Some systems refuse what is above their limit instead of giving that: theirs is kept.
    }
  }

  #guarded(socket: Socket, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (thrown) {
      this.#fail(socket, thrown);
      return false;
    }
  }

  #fail(socket: Socket, thrown: unknown): void {
    if (this.#socket !== socket) return;
    this.#why = reasonOf(thrown);
    this.close();
    this.#failures.note();
  }

  #tell(count: number): void {
    const { group, port, interface: local } = this.#place;
    const message =
      `group ${group} port ${port} could not be joined on ${local} (${this.#why}, ${count} ` +
      'times): changes come by the stream; check the option "interface"';
    this.#owner.troubled(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }
}
