/** Carries out what sessions ask for: increments, whole states and payloads of open rounds. */
import { ORIGIN } from '../../machines/position.js';
import type { ChunkMessage, Point, RequestMessage } from '../../machines/protocol.js';
import type { SessionEffects } from '../../machines/session.js';
import { reasonOf } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { MasterTransport } from '../transports/contract.js';
import { Build, once, type ReaderFacts } from './build.js';
import { buildKey } from './kept-builds.js';
import type { MasterPort } from './master-port.js';
import type { Outbox } from './outbox.js';
import type { Session } from './slave-roster.js';
import type { TransferPort } from './transfer.js';
import { Transfers } from './transfers.js';

const AS_ASKED: ReaderFacts = { reason: null, firmRelation: 'same' };

export class Serving {
  readonly transfers: Transfers;
  readonly #port: MasterPort;
  readonly #ids: IdSource;
  readonly #transport: MasterTransport;
  readonly #outbox: Outbox;
  /** What each connection asked for last, for the effect that answers it. */
  readonly #requests = new WeakMap<Session, RequestMessage>();
  readonly #ports = new WeakMap<Session, TransferPort>();
  /** Why a whole state went to a slave, repeated when its transfer goes on elsewhere. */
  readonly #readers = new Map<string, ReaderFacts>();

  constructor(parts: {
    readonly port: MasterPort;
    readonly transport: MasterTransport;
    readonly outbox: Outbox;
    readonly clock: Clock;
    readonly ids: IdSource;
  }) {
    this.#ids = parts.ids;
    this.#port = parts.port;
    this.#transport = parts.transport;
    this.#outbox = parts.outbox;
    this.transfers = new Transfers(parts.clock);
  }

  /** The slave will not come back. */
  forget(slave: string): void {
    this.#readers.delete(slave);
  }

  note(session: Session, request: RequestMessage): void {
    this.#requests.set(session, request);
  }

  canResume({ build, next }: RequestMessage): boolean {
    return this.transfers.canResume(build, next);
  }

  resume(session: Session): void {
    const request = this.#requests.get(session);
    if (request === undefined || request.build === null) return;
    const reader = this.#readers.get(session.slave) ?? AS_ASKED;
    this.transfers.resume(this.#portOf(session), request.build, request.next, reader);
  }

  serveDelta(session: Session, from: Point): void {
    const key = buildKey({ kind: 'delta', from, to: this.#port.position(), round: null });
    this.#serve(session, key, false, AS_ASKED, async () => {
      const made = await this.#port.makeDelta(from);
      if (made !== null)
        return new Build(this.#ids(), made.facts, once(made.bytes), this.#outbox.chunkBytes);
      session.actor.send({ type: 'deltaUnavailable' });
      return null;
    });
  }

  serveSnapshot(session: Session, reader: SessionEffects['serveSnapshot']): void {
    const to = this.#port.snapshotPoint();
    const key = buildKey({ kind: 'snapshot', from: ORIGIN, to, round: null });
    this.#serve(session, key, true, reader, async () => {
      const { facts, chunks } = await this.#port.makeSnapshot();
      return new Build(this.#ids(), facts, chunks, this.#outbox.chunkBytes);
    });
  }

  serveRound(session: Session): void {
    const made = this.#port.roundPayload();
    if (made === null) return;
    this.#serve(
      session,
      buildKey(made.facts),
      false,
      AS_ASKED,
      async () => new Build(this.#ids(), made.facts, once(made.bytes), this.#outbox.chunkBytes),
    );
  }

  #serve(
    session: Session,
    key: string,
    isWhole: boolean,
    reader: ReaderFacts,
    make: () => Promise<Build | null>,
  ): void {
    this.#readers.set(session.slave, reader);
    this.transfers
      .serve(this.#portOf(session), key, isWhole, reader, make)
      .catch((error: unknown) => this.#failed(session, reasonOf(error)));
  }

  /** The slave asks again by itself; meanwhile people hear why it got nothing (T50). */
  #failed(session: Session, reason: string): void {
    this.transfers.release(session.slave);
    this.#port.trouble('ABORTED', `nothing could be sent to ${session.slave}: ${reason}`);
    session.actor.send({ type: 'transferEnded' });
  }

  #portOf(session: Session): TransferPort {
    const known = this.#ports.get(session);
    if (known !== undefined) return known;
    const port: TransferPort = {
      slave: session.slave,
      sharedBy: () => this.#outbox.identityMark,
      encode: (message: ChunkMessage) => this.#outbox.encode(message),
      send: (frame) => this.#outbox.post(session.peer, frame),
      isWritable: () => this.#transport.writable(session.peer),
      isReliable: () => this.#transport.features.reliable && this.#transport.features.ordered,
      ended: () => {
        this.transfers.sent(session.slave);
        session.actor.send({ type: 'transferEnded' });
      },
      failed: (reason) => this.#failed(session, reason),
    };
    this.#ports.set(session, port);
    return port;
  }
}
