/**
 * The master's inbox: turns messages of slaves into events of the master's machine and of one
 * session per connection, and carries out what the sessions ask for. It decides nothing.
 */
import { isPastSuccession } from '../../machines/outcome.js';
import type {
  AckMessage,
  Enveloped,
  HelloMessage,
  Message,
  NodeMove,
  RequestMessage,
  VoteMessage,
} from '../../machines/protocol.js';
import {
  isBeyond,
  type SessionEffects,
  type Standing,
  sessionMachine,
} from '../../machines/session.js';
import type { ReplicationError } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import type { MasterTransport, PeerId } from '../transports/contract.js';
import { ProtocolActor } from './actor.js';
import { Impostors } from './impostors.js';
import type { MasterPort } from './master-port.js';
import type { Outbox } from './outbox.js';
import { reasonAgainstSlave } from './reasons-against.js';
import { Rivals } from './rivals.js';
import type { RunInspection } from './run-inspection.js';
import { Serving } from './serving.js';
import { isPushed, type KnownSlave, type Session, type SlaveRoster } from './slave-roster.js';
import { standingOf, takePosition } from './standing-of.js';
import { Subtree } from './subtree.js';

export class MasterSessions {
  readonly roster: SlaveRoster;
  readonly serving: Serving;
  readonly subtree: Subtree;
  readonly #transport: MasterTransport;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #port: MasterPort;
  readonly #inspection: RunInspection | undefined;
  readonly #impostors: Impostors;
  readonly #rivals: Rivals;
  /** Sessions whose connection is being ended for their silence. */
  readonly #ended = new WeakSet<Session>();

  constructor(parts: {
    readonly roster: SlaveRoster;
    readonly transport: MasterTransport;
    readonly outbox: Outbox;
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly port: MasterPort;
    readonly inspection: RunInspection | undefined;
    /** Told of everybody who came or left below, on any level. */
    readonly moved?: (move: NodeMove) => void;
  }) {
    this.roster = parts.roster;
    this.#transport = parts.transport;
    this.#outbox = parts.outbox;
    this.#clock = parts.clock;
    this.#port = parts.port;
    this.#inspection = parts.inspection;
    this.#impostors = new Impostors(parts);
    this.#rivals = new Rivals(parts);
    this.serving = new Serving(parts);
    const { clock, port, moved = () => {} } = parts;
    const heartbeatMs = () => port.heartbeatMs;
    this.subtree = new Subtree({ clock, heartbeatMs, trouble: port.trouble, moved });
  }

  /** The host waits for this one no more: its record is gone from the roster already. */
  forgotten({ id, session }: KnownSlave): void {
    this.serving.forget(id);
    this.subtree.forgotten(id);
    if (session !== null) this.#transport.disconnect(session.peer);
  }

  /** Connections that get what is pushed now; one that is full stops getting it (P15). */
  peersOf(only?: readonly string[], except?: readonly string[]): readonly PeerId[] {
    const peers: PeerId[] = [];
    const left = new Set(except);
    const known = only?.map((id) => this.roster.get(id)) ?? this.roster.all;
    for (const slave of known) {
      const session = slave?.session ?? null;
      if (!isPushed(session) || left.has(session.slave)) continue;
      if (this.#transport.writable(session.peer)) peers.push(session.peer);
      else session.actor.send({ type: 'blocked' });
    }
    return peers;
  }

  received(peer: PeerId, messages: readonly Enveloped[]): void {
    for (const message of messages) {
      if (this.#inspection?.isWanted()) this.#tellArrived(this.#inspection, peer, message);
      this.#receive(peer, message);
    }
  }

  #tellArrived(inspection: RunInspection, peer: PeerId, message: Enveloped): void {
    const session = this.roster.sessionOf(peer);
    const known = session && this.roster.get(session.slave);
    const reason = reasonAgainstSlave(this.#port, session, known, message);
    inspection.arrived(peer, message, reason);
  }

  left(peer: PeerId, error: ReplicationError | null): void {
    const session = this.roster.removeSession(peer);
    if (session === undefined) return this.#strangerLeft(error);
    session.actor.send({ type: 'left' });
    session.actor.stop();
    const known = this.roster.get(session.slave);
    // A refused twin that leaves takes nothing from the living holder of its id (P13).
    if (known === undefined || known.session === null) {
      this.serving.transfers.release(session.slave);
      if (known === undefined) this.subtree.forgotten(session.slave);
      else {
        this.subtree.left(session.slave, known.position.version);
        this.#port.slaveLeft(known, null);
      }
    }
    if (error !== null) this.#port.trouble(error.code, `${session.slave}: ${error.message}`);
    this.#rivals.tell(session.slave, 'rivalGone');
  }

  /** One that never said who it is: why it was dropped matters, that it went does not. */
  #strangerLeft(error: ReplicationError | null): void {
    if (error === null || error.code === 'NOT_RUNNING') return;
    this.#port.trouble(error.code, error.message);
  }

  drained(peer: PeerId): void {
    const session = this.roster.sessionOf(peer);
    if (session === undefined) return;
    session.actor.send({ type: 'drained' });
    void this.serving.transfers.transferOf(session.slave)?.pump();
  }

  /** Ends what was silent for too long: a half-open connection looks alive to both systems. */
  sweep(): void {
    // When it was this process that stood still, their words wait in its sockets, votes among
    // them: they are read before anybody is called silent (P12).
    if (this.#silentSessions().length > 0) {
      this.#clock.setImmediate(() => this.#clock.setImmediate(() => this.#endSilent()));
    }
    this.serving.transfers.sweep();
    this.subtree.look();
  }

  #silentSessions(): readonly Session[] {
    const deadBefore = this.#clock.now() - serviceLimits.deadHeartbeats * this.#port.heartbeatMs;
    const silent: Session[] = [];
    for (const { session, heardAtMs } of this.roster.all) {
      if (session !== null && heardAtMs <= deadBefore) silent.push(session);
    }
    return silent;
  }

  #endSilent(): void {
    for (const session of this.#silentSessions()) {
      // An orderly end may take longer than the next heartbeat.
      if (this.#ended.has(session)) continue;
      this.#ended.add(session);
      const { slave, peer } = session;
      this.#port.trouble('TIMEOUT', `${slave} was silent for too long: its connection is ended`);
      this.#transport.disconnect(peer);
    }
  }

  close(): void {
    this.#impostors.close();
    for (const session of [...this.roster.sessions]) {
      this.roster.removeSession(session.peer);
      session.actor.stop();
    }
    this.serving.transfers.close();
  }

  #receive(peer: PeerId, message: Enveloped): void {
    // Before anything of it is believed, the reign it shows included.
    if (this.#impostors.isImpostor(peer, message)) return;
    this.#port.seen(message.envelope);
    const refusal = this.#port.refusal();
    if (refusal !== null) {
      if (message.kind !== 'hello') return;
      return this.#outbox.send(peer, { kind: 'refused', ...refusal, hello: message.hello });
    }
    if (message.kind === 'hello') return this.#greet(peer, message);
    const session = this.roster.sessionOf(peer);
    if (session === undefined || session.slave !== message.envelope.sender) return;
    const known = this.roster.get(session.slave);
    if (known === undefined) return;
    known.heardAtMs = this.#clock.now();
    if (known.session === session) this.#rivals.tell(session.slave, 'rivalAnswered');
    switch (message.kind) {
      case 'request':
        return this.#request(session, message);
      case 'vote':
        return this.#vote(known, message);
      case 'ack':
        return this.#acknowledge(session, known, message);
      case 'inquire':
        if (message.envelope.lineage === this.#port.lineage()) {
          this.#showVersions(message.prepared.to.version, false);
        }
        return this.#port.inquired(known, message);
      case 'goodbye':
        known.problem = { code: 'NOT_RUNNING', reason: message.reason };
        this.#port.slaveLeft(known, message.reason);
        // The connection may carry other items of that process: only this item's part ends.
        return this.left(peer, null);
      case 'below':
        if (known.session === session) this.subtree.told(session.slave, message);
        return;
      case 'refused':
        return this.#port.refusedBy(message);
      default:
        return this.#impostors.refuseKind(peer, message, session.hello.hello);
    }
  }

  #greet(peer: PeerId, message: Enveloped<HelloMessage>): void {
    const { sender, incarnation } = message.envelope;
    const standing = standingOf(this.#port, message.position, message.firm);
    const { position } = message;
    // What a term before a succession left behind is no proof that this original lost anything.
    const isLeft = position !== null && isPastSuccession(this.#port.reigns(), position);
    const isAhead = isBeyond(standing) && !isLeft;
    if (position?.lineage === this.#port.lineage()) this.#showVersions(position.version, isAhead);
    if (isAhead) this.#tellRegressed(message);
    // A promise was made in the lineage that the slave follows, whose copy may still be empty.
    if (message.envelope.lineage === this.#port.lineage()) {
      this.#showVersions(message.prepared?.to.version ?? 0, false);
    }
    const present = this.roster.sessionOf(peer);
    const isSame = present?.slave === sender && present.incarnation === incarnation;
    if (isSame && present.actor.snapshot.status === 'active') {
      present.hello = message;
      return present.actor.send({ type: 'hello', hello: message.hello, standing });
    }
    // Somebody else now, or one that was refused and tries again (P13).
    if (present !== undefined) this.left(peer, null);
    if (this.roster.get(sender) === undefined && this.roster.size >= serviceLimits.slavesMax) {
      return this.#port.trouble(
        'OVERLOADED',
        `more slaves than ${serviceLimits.slavesMax}: forget some`,
      );
    }
    this.#open(peer, message, standing);
  }

  #open(peer: PeerId, message: Enveloped<HelloMessage>, standing: Standing): void {
    const { sender, incarnation } = message.envelope;
    const known = this.roster.know(sender, this.#clock.now());
    const rival = known.session;
    const hasRival = rival !== null && rival.incarnation !== incarnation;
    if (rival !== null && !hasRival) this.left(rival.peer, null);
    const actor = new ProtocolActor<typeof sessionMachine, SessionEffects>({
      machine: sessionMachine,
      input: {
        slave: sender,
        incarnation,
        hello: message.hello,
        standing,
        hasRival,
        delays: { probeMs: this.#port.heartbeatMs },
      },
      handlers: this.#handlers(() => session),
      clock: this.#clock,
      settled: () => {},
      crashed: (reason) => this.#port.trouble('PROTOCOL', `session of ${sender}: ${reason}`),
      inspection: this.#inspection,
    });
    const { durable } = message;
    const session: Session = { slave: sender, incarnation, peer, actor, durable, hello: message };
    this.roster.addSession(session, hasRival);
    actor.start();
  }

  #tellRegressed({ envelope, position }: Enveloped<HelloMessage>): void {
    const reason =
      `${envelope.sender} stands at version ${position?.version}, promised on disk, which this ` +
      `original lacks (it is at ${this.#port.position().version}): was a backup restored here?`;
    this.#port.trouble('REGRESSED', reason);
  }

  /** A hello was accepted: this connection is the slave now. */
  #came(session: Session): void {
    const message = session.hello;
    const known = this.roster.know(session.slave, this.#clock.now());
    known.session = session;
    known.incarnation = session.incarnation;
    known.heardAtMs = this.#clock.now();
    known.problem = null;
    takePosition(this.#port, known, message.position);
    this.subtree.came(session.slave, session.incarnation);
    this.#port.slaveCame(known, message.prepared?.round ?? null);
  }

  #handlers(sessionOf: () => Session) {
    const send = (message: Message) => this.#outbox.send(sessionOf().peer, message);
    return {
      welcome: ({ hello: id, standing }: SessionEffects['welcome']) => {
        send(this.#welcome(id, standing));
        this.#came(sessionOf());
      },
      probeRival: () => this.#rivals.probe(sessionOf().slave),
      replaceRival: () => this.#rivals.replace(sessionOf()),
      refuse: ({ message }: SessionEffects['refuse']) => {
        send(message);
        this.#port.trouble(
          'DUPLICATE_ID',
          `two processes say they are slave "${sessionOf().slave}"`,
        );
      },
      serveDelta: ({ from }: SessionEffects['serveDelta']) =>
        this.serving.serveDelta(sessionOf(), from),
      serveSnapshot: (reader: SessionEffects['serveSnapshot']) =>
        this.serving.serveSnapshot(sessionOf(), reader),
      serveRound: () => this.serving.serveRound(sessionOf()),
      resumeTransfer: () => this.serving.resume(sessionOf()),
      invite: () => send(this.#port.announcement()),
    };
  }

  #welcome(hello: string, standing: Standing): Message {
    const port = this.#port;
    return {
      kind: 'welcome',
      hello,
      position: port.position(),
      firm: port.firm(),
      sequence: port.sequence(),
      openRound: port.openRound(),
      volatile: port.isVolatile,
      heartbeatMs: port.heartbeatMs,
      relation: standing.relation,
      firmRelation: standing.firmRelation,
    };
  }

  #request(session: Session, message: Enveloped<RequestMessage>): void {
    this.serving.note(session, message);
    const standing = standingOf(this.#port, message.position, message.firm);
    const resumes = this.serving.canResume(message);
    if (message.round !== null && !resumes) {
      const isOpen = this.#port.openRound() === message.round;
      return session.actor.send({ type: 'roundRequested', isOpen });
    }
    session.actor.send({ type: 'requested', standing, resumes });
  }

  #vote(known: KnownSlave, message: Enveloped<VoteMessage>): void {
    const { round, answer, reason, code, envelope } = message;
    if (answer === 'no') known.problem = { code: code ?? 'VETOED', reason: reason ?? 'no' };
    else if (known.problem?.code !== 'QUARANTINED') known.problem = null;
    const { sender, incarnation } = envelope;
    this.#port.voted({ round, slave: sender, incarnation, answer, reason, code });
  }

  #acknowledge(session: Session, known: KnownSlave, message: Enveloped<AckMessage>): void {
    takePosition(this.#port, known, message.position);
    this.serving.transfers.stands(session.slave, known.position.version);
    if (message.problem !== null) known.problem = { code: 'QUARANTINED', reason: message.problem };
    else if (known.problem?.code === 'QUARANTINED') known.problem = null;
    const isSettled = message.durability === 'disk' || !session.durable;
    this.#port.confirmed(known, known.position, isSettled, message.round);
  }

  #showVersions(version: number, isAhead: boolean): void {
    if (version > 0) this.#port.versionShown(version, isAhead);
  }
}
