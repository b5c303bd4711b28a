/** Runs a handshake on a new socket, within its deadline. */
import type { Socket } from 'node:net';
import { ReplicationError } from '../../errors.js';
import type { Handshake } from './handshake.js';
import type { TcpSettings } from './settings.js';

export interface GreetOutcome {
  /** The socket is the caller's; `rest` is the start of the first frame, when it came along. */
  joined(socket: Socket, rest: Uint8Array): void;
  /** The socket has ended or is ending. */
  failed(error: ReplicationError): void;
}

/** A socket without a listener for errors would end the process; 'close' follows and tells. */
export function ignoreSocketError(): void {}

/** One socket on its way to being a peer. Ends in exactly one call of its outcome. */
export class Greeting {
  readonly #socket: Socket;
  readonly #handshake: Handshake;
  readonly #settings: TcpSettings;
  readonly #outcome: GreetOutcome;
  readonly #describe: (thrown: Error | null) => ReplicationError;
  #timer: unknown;
  #over = false;

  /**
   * @param describe puts into words why the socket failed or (null) closed before the end
   * @param leftMs of `handshakeTimeoutMs`: what TLS took counts
   */
  constructor(
    socket: Socket,
    handshake: Handshake,
    settings: TcpSettings,
    outcome: GreetOutcome,
    describe: (thrown: Error | null) => ReplicationError,
    leftMs = settings.handshakeTimeoutMs,
  ) {
    this.#socket = socket;
    this.#handshake = handshake;
    this.#settings = settings;
    this.#outcome = outcome;
    this.#describe = describe;
    this.#timer = settings.clock.setTimeout(this.#late, Math.max(0, leftMs));
    socket.on('error', this.#error);
    socket.on('close', this.#closed);
    socket.on('data', this.#data);
  }

  /** The socket is connected: say what there is to say first. */
  begin(): void {
    const first = this.#handshake.start();
    if (first !== null && !this.#over) this.#socket.write(first);
  }

  /** Gives up, for the transport closes. Nothing is told. */
  abandon(): void {
    this.#release();
    this.#socket.destroy();
  }

  readonly #data = (chunk: Uint8Array): void => {
    const step = this.#handshake.push(chunk);
    if (step.failure !== null) {
      this.#refuse(step.failure, step.send);
    } else {
      if (step.send !== null) this.#socket.write(step.send);
      if (!step.done) return;
      this.#release();
      this.#outcome.joined(this.#socket, this.#handshake.rest);
    }
  };

  /** The reason should arrive: what the peer still sends is read, since unread bytes reset it. */
  #refuse(failure: ReplicationError, answer: Uint8Array | null): void {
    this.#release();
    const socket = this.#socket;
    if (answer === null) {
      socket.destroy();
    } else {
      socket.resume();
      socket.end(answer);
      const { clock, closeTimeoutMs } = this.#settings;
      const timer = clock.setTimeout(() => socket.destroy(), closeTimeoutMs);
      socket.once('close', () => clock.clearTimeout(timer));
    }
    this.#outcome.failed(failure);
  }

  readonly #late = (): void => {
    const { handshakeTimeoutMs } = this.#settings;
    const message =
      `${this.#handshake.other} did not complete the handshake within ${handshakeTimeoutMs} ms: ` +
      'check that it is a replichart peer and not overloaded';
    this.#fail(new ReplicationError('TIMEOUT', message));
  };

  readonly #error = (thrown: Error): void => this.#fail(this.#describe(thrown));

  readonly #closed = (): void => this.#fail(this.#describe(null));

  #fail(error: ReplicationError): void {
    if (this.#over) return;
    this.abandon();
    this.#outcome.failed(error);
  }

  #release(): void {
    this.#over = true;
    this.#settings.clock.clearTimeout(this.#timer);
    this.#socket.on('error', ignoreSocketError);
    this.#socket.off('error', this.#error);
    this.#socket.off('close', this.#closed);
    this.#socket.off('data', this.#data);
  }
}
