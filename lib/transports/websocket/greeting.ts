/** Runs a handshake on a new channel, within its deadline. */
import { asReplicationError, ReplicationError } from '../../errors.js';
import { type Channel, type ChannelEnd, type ChannelListener, NOBODY } from './channel.js';
import { closeCodeOf } from './close-codes.js';
import type { Handshake } from './handshake.js';
import type { WebSocketSettings } from './settings.js';

export interface GreetOutcome {
  /** Both sides agreed: the channel is the caller's. */
  joined(channel: Channel): void;
  /** The channel has ended or is ending. */
  failed(error: ReplicationError): void;
  /** Puts into words why the channel broke or closed before the end. */
  describe(error: Error | null, end: ChannelEnd): ReplicationError;
}

/** One channel on its way to being a peer. Ends in one call of its outcome, or is abandoned. */
export class Greeting implements ChannelListener {
  readonly #channel: Channel;
  readonly #handshake: Handshake;
  readonly #settings: WebSocketSettings;
  readonly #outcome: GreetOutcome;
  readonly #timer: unknown;
  #error: Error | null = null;

  /** @param leftMs of handshakeTimeoutMs, what is left for it */
  constructor(
    channel: Channel,
    handshake: Handshake,
    settings: WebSocketSettings,
    outcome: GreetOutcome,
    leftMs: number,
  ) {
    this.#channel = channel;
    this.#handshake = handshake;
    this.#settings = settings;
    this.#outcome = outcome;
    this.#timer = settings.clock.setTimeout(this.#late, Math.max(1, leftMs));
    channel.listener = this;
  }

  /** Gives up, for the transport closes. Nothing is told. */
  abandon(): void {
    this.#release();
    this.#channel.destroy();
  }

  opened(): void {
    const first = this.#handshake.start();
    if (first !== null) this.#channel.send(first);
  }

  received(message: Uint8Array | null): void {
    try {
      if (message === null) {
        const words = `${this.#handshake.other} does not speak this protocol: it sent text`;
        throw new ReplicationError('PROTOCOL', words);
      }
      const step = this.#handshake.take(message);
      if (step.send !== null) this.#channel.send(step.send);
      if (!step.done) return;
    } catch (thrown) {
      // Nothing that a stranger sends may end the process, whatever was overlooked.
      const words = `${this.#handshake.other} could not be understood`;
      this.#refuse(asReplicationError(thrown, 'PROTOCOL', words));
      return;
    }
    this.#release();
    this.#outcome.joined(this.#channel);
  }

  alive(): void {}

  failed(error: Error): void {
    this.#error = error;
  }

  closed(end: ChannelEnd): void {
    this.#release();
    this.#outcome.failed(this.#outcome.describe(this.#error, end));
  }

  readonly #late = (): void => {
    const { handshakeTimeoutMs } = this.#settings;
    const message =
      `${this.#handshake.other} did not complete the handshake within ${handshakeTimeoutMs} ms: ` +
      'check that it is a replichart peer and not overloaded';
    this.#refuse(new ReplicationError('TIMEOUT', message));
  };

  /** The reason should arrive, but its reader is not waited for longer than an orderly end may. */
  #refuse(error: ReplicationError): void {
    this.#release();
    const { clock, closeTimeoutMs } = this.#settings;
    const timer = clock.setTimeout(() => this.#channel.destroy(), closeTimeoutMs);
    this.#channel.listener = { ...NOBODY, closed: () => clock.clearTimeout(timer) };
    this.#channel.close(closeCodeOf(error.code), error.code);
    this.#outcome.failed(error);
  }

  #release(): void {
    this.#settings.clock.clearTimeout(this.#timer);
    this.#channel.listener = NOBODY;
  }
}
