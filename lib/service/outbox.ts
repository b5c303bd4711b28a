/** Puts messages into frames and sends them: envelope, sequence and the limits of the transport. */

import type { Unsequenced } from '../../machines/master-context.js';
import {
  type Envelope,
  type Enveloped,
  type Message,
  type Payload,
  PROTOCOL_VERSION,
  type StampedMessage,
} from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import type {
  MasterTransport,
  PeerId,
  Transport,
  TransportFeatures,
} from '../transports/contract.js';
import { encodeFrame } from '../wire/frame.js';
import type { RunInspection } from './run-inspection.js';

/** The parts of an envelope that change while the process lives. */
export type Identity = Pick<Envelope, 'lineage' | 'epoch' | 'incarnation'>;

export interface OutboxOptions {
  readonly item: string;
  readonly sender: string;
  readonly identity: () => Identity;
  /** Told of what leaves. */
  readonly inspection?: RunInspection | undefined;
  /** Names the participants in every prepare: nodes, which are few, have to know (2.4, exit 3). */
  readonly namesParticipants?: boolean;
}

/** Only the fact of a payload: the receiver asks for the bytes. */
function withoutBody({ bytes, checksum }: Payload): Payload {
  return { bytes, checksum };
}

/** True multicast may reach anybody; every other frame only those it is addressed to (P13). */
function reachesMore({ multicast, addressed }: TransportFeatures): boolean {
  return multicast && addressed !== true;
}

function withoutNames(message: Message): Message {
  return message.kind === 'prepare' ? { ...message, participants: [] } : message;
}

/** Deltas above the inline limit, or that no frame of this transport holds, are pulled instead. */
function fit(message: Message, inlineBytesMax: number): Message {
  let fitted = message;
  if ('links' in fitted) {
    const links = fitted.links.map((link) => {
      if (link.payload === undefined || link.payload.bytes <= inlineBytesMax) return link;
      const { payload: _tooLarge, ...bare } = link;
      return bare;
    });
    fitted = { ...fitted, links };
  }
  if (fitted.kind === 'prepare' && fitted.payload.bytes > inlineBytesMax) {
    fitted = { ...fitted, payload: withoutBody(fitted.payload) };
  }
  return fitted;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #transport: Transport;
  readonly #inlineBytesMax: number;
  readonly #inspection: RunInspection | undefined;
  #sequence = 0;
  framesSent = 0;

  constructor(transport: Transport, options: OutboxOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#inspection = options.inspection;
    const { maxFrameBytes } = transport.features;
    this.#inlineBytesMax = Math.min(serviceLimits.inlineBytesMax, Math.floor(maxFrameBytes / 2));
  }

  /** Bytes of one part of a transfer on this transport. */
  get chunkBytes(): number {
    const { maxFrameBytes } = this.#transport.features;
    return Math.min(serviceLimits.chunkBytes, Math.max(1, maxFrameBytes - 4096));
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Numbers a stamped message at the moment of sending: receivers order by it (P2, P10). */
  stamp(message: Unsequenced): StampedMessage {
    this.#sequence += 1;
    return { ...message, sequence: this.#sequence } as StampedMessage;
  }

  /** Frames made while it stays the same carry the same envelope. */
  get identityMark(): string {
    const { lineage, epoch, incarnation } = this.#options.identity();
    return `${lineage}/${epoch.term}/${epoch.start}/${incarnation}`;
  }

  send(peer: PeerId, message: Message): void {
    const frame = this.encode(message);
    this.#transmit(peer, frame);
    const inspection = this.#inspection;
    if (inspection?.isWanted()) inspection.sent([peer], this.#dressed(message), frame.length);
  }

  /** Sends a frame that `encode` made, perhaps for another peer. */
  post(peer: PeerId, frame: Uint8Array): void {
    this.#transmit(peer, frame);
    if (this.#inspection?.isWanted()) this.#inspection.sentFrame(peer, frame);
  }

  #transmit(peer: PeerId, frame: Uint8Array): void {
    this.framesSent += 1;
    this.#transport.send(peer, frame);
  }

  /** Answers a frame of an item that is not this outbox's own. */
  sendAs(item: string, peer: PeerId, message: Message): void {
    const { sender, identity } = this.#options;
    const { lineage, epoch, incarnation } = identity();
    const envelope = { protocol: PROTOCOL_VERSION, item, lineage, epoch, incarnation, sender };
    const frame = encodeFrame(envelope, message);
    this.#transport.send(peer, frame);
    const inspection = this.#inspection;
    if (inspection?.isWanted()) inspection.sent([peer], { ...message, envelope }, frame.length);
  }

  /** One frame, encoded once, for all of `peers`. */
  multicast(peers: readonly PeerId[], message: Message): void {
    if (peers.length === 0) return;
    this.framesSent += 1;
    const transport = this.#transport as MasterTransport;
    const isNamed = reachesMore(transport.features) || this.#options.namesParticipants === true;
    const addressed = isNamed ? message : withoutNames(message);
    const frame = this.encode(addressed);
    transport.multicast(peers, frame);
    const inspection = this.#inspection;
    if (inspection?.isWanted()) inspection.sent(peers, this.#dressed(addressed), frame.length);
  }

  encode(message: Message): Uint8Array {
    return encodeFrame(this.#envelope(), fit(message, this.#inlineBytesMax));
  }

  /** As it is in its frame. */
  #dressed(message: Message): Enveloped {
    return { ...fit(message, this.#inlineBytesMax), envelope: this.#envelope() };
  }

  #envelope(): Envelope {
    const { item, sender, identity } = this.#options;
    const { lineage, epoch, incarnation } = identity();
    return { protocol: PROTOCOL_VERSION, item, lineage, epoch, incarnation, sender };
  }
}
