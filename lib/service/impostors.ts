/**
 * Peers whose credentials are good and who do what they must not: speak as another slave, or say
 * what only masters say (threat A16). They are refused and told; the host is told at a bounded
 * rate.
 */
import type { Enveloped } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { MasterTransport, PeerId } from '../transports/contract.js';
import { TroubleMeter } from '../transports/trouble-meter.js';
import type { Outbox } from './outbox.js';

interface ImpostorsParts {
  readonly transport: MasterTransport;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly port: { readonly trouble: (code: string, reason: string) => void };
}

export class Impostors {
  readonly #transport: MasterTransport;
  readonly #outbox: Outbox;
  readonly #meter: TroubleMeter;

  constructor({ transport, outbox, clock, port }: ImpostorsParts) {
    this.#transport = transport;
    this.#outbox = outbox;
    this.#meter = new TroubleMeter(clock, ({ code, message }) => port.trouble(code, message));
  }

  close(): void {
    this.#meter.stop();
  }

  /** Whether its credentials are those of another slave; then nothing it says is believed. */
  isImpostor(peer: PeerId, message: Enveloped): boolean {
    const { sender } = message.envelope;
    if (this.#transport.permits?.(peer, sender) !== false) return false;
    const reason =
      `the credentials of this connection are not those of slave "${sender}": give it ` +
      'the id that its certificate names, or a certificate for this id';
    const hello = message.kind === 'hello' ? message.hello : null;
    this.#outbox.send(peer, { kind: 'refused', code: 'UNAUTHORIZED', message: reason, hello });
    const told = `${peer} said to be "${sender}": ${reason}`;
    this.#meter.tell(new ReplicationError('UNAUTHORIZED', told));
    // A slave that is mistaken stays, and tells its people why it is refused.
    if (hello === null) this.#transport.disconnect(peer);
    return true;
  }

  /** It said what only masters say. No slave of ours gets here. */
  refuseKind(peer: PeerId, message: Enveloped, hello: string): void {
    const { kind, envelope } = message;
    const told = `${envelope.sender} sent a master's message: ${kind}`;
    this.#meter.tell(new ReplicationError('PROTOCOL', told));
    const reason = `a slave must not send "${kind}": its connection is ended`;
    this.#outbox.send(peer, { kind: 'refused', code: 'PROTOCOL', message: reason, hello });
    this.#transport.disconnect(peer);
  }
}
