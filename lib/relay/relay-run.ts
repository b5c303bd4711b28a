/**
 * One run of a relay, from start to stop: a slave of what is above, whose user layer is those
 * below. It binds; what becomes of a round is said by the machines and by the master (P11).
 */

import type { Confirmation } from '../../machines/master-context.js';
import type {
  AnnounceMessage,
  Enveloped,
  OutcomeMessage,
  Position,
  WelcomeMessage,
} from '../../machines/protocol.js';
import { relayMachine } from '../../machines/relay.js';
import { isAwaitedBelow, isSubtreeSettled, unanswered } from '../../machines/relay-logic.js';
import type { Vote } from '../../machines/tally.js';
import type { ReplicationError } from '../errors.js';
import { ProtocolActor } from '../service/actor.js';
import { belowOf, reportBelow } from '../service/below.js';
import { Emitter } from '../service/emitter.js';
import { closeParts } from '../service/ending.js';
import { GatheringBox } from '../service/gathering-box.js';
import { hubOf } from '../service/hub.js';
import { MasterSessions } from '../service/master-sessions.js';
import { Outbox } from '../service/outbox.js';
import { type KnownSlave, SlaveRoster } from '../service/slave-roster.js';
import { SlaveRun } from '../service/slave-run.js';
import type { SlaveTap } from '../service/slave-tap.js';
import type { BelowStatus, SlaveEvents, SlaveInfo } from '../service/status.js';
import type { Waits } from '../service/waits.js';
import type { ItemStorage } from '../stores/contract.js';
import type { PeerId } from '../transports/contract.js';
import { BelowRounds } from './below-rounds.js';
import { Entrance } from './entrance.js';
import { relayHandlers } from './relay-handlers.js';
import { type Below, RelayLayer } from './relay-layer.js';
import type { RelayActor, RelayParts } from './relay-parts.js';
import { relayPort } from './relay-port.js';
import { rowOf, rowsOf } from './relay-rows.js';
import type { RelaySettings } from './relay-settings.js';
import type { RelayEvents, RelayStatus } from './relay-status.js';
import { Reporter } from './reporter.js';
import { WholeState } from './whole-state.js';

/** Milliseconds that those below have past the vote deadline before the prepare itself fails. */
const PREPARE_SLACK_MS = 1000;

export class RelayRun implements RelayParts, SlaveTap, Below {
  readonly settings: RelaySettings;
  readonly emitter: Emitter<RelayEvents>;
  readonly slave: SlaveRun;
  readonly layer: RelayLayer;
  readonly wholeState: WholeState;
  readonly actor: RelayActor;
  readonly outbox: Outbox;
  readonly roster = new SlaveRoster();
  readonly sessions: MasterSessions;
  readonly votes: GatheringBox<Vote>;
  readonly confirmations: GatheringBox<Confirmation>;
  readonly rounds = new BelowRounds(this);
  readonly #entrance: Entrance;
  readonly #reporter = new Reporter(this, () => this.#below());
  #isBorn = false;
  #isSlave = false;
  #wasServing = false;
  /** Where everybody below was who had to confirm a round. */
  #confirmed: Position | null = null;
  #lineage: string | null = null;
  #incarnation: string | null = null;
  #lastStray = '';

  constructor(
    settings: RelaySettings,
    storage: ItemStorage | null,
    emitter: Emitter<RelayEvents>,
    waits: Waits,
  ) {
    const { item, id, clock, ids, downstream } = settings;
    this.settings = settings;
    this.emitter = emitter;
    this.layer = new RelayLayer(settings.logBytesMax, this);
    this.slave = new SlaveRun(this.#slaveSettings(), storage, this.#slaveEmitter(), waits);
    const { inspection } = this.slave;
    this.wholeState = new WholeState({
      clock,
      log: () => this.layer.log,
      slave: () => this.slave,
    });
    const identity = () => this.#identity();
    this.outbox = new Outbox(downstream, { item, sender: id, identity, inspection });
    this.sessions = new MasterSessions({
      roster: this.roster,
      transport: downstream,
      outbox: this.outbox,
      clock,
      ids,
      port: relayPort(this),
      inspection,
      moved: (move) => this.#reporter.moved(move),
    });
    this.#entrance = new Entrance(this);
    this.votes = new GatheringBox<Vote>({
      clock,
      awaited: () => unanswered(this.context).length,
      // One no is enough (P9).
      isUrgent: ({ answer }) => answer === 'no',
      deliver: (votes) => this.actor.send({ type: 'votes', votes }),
    });
    this.confirmations = new GatheringBox<Confirmation>({
      clock,
      awaited: () => this.roster.size,
      deliver: (confirmations) => this.actor.send({ type: 'confirmations', confirmations }),
    });
    this.actor = new ProtocolActor({
      machine: relayMachine,
      input: { delays: { voteMs: settings.voteMs } },
      handlers: relayHandlers(this),
      clock,
      settled: () => {},
      crashed: (reason) => this.trouble('PROTOCOL', `relay "${id}" of "${item}": ${reason}`),
      inspection,
    });
  }

  get context() {
    return this.actor.snapshot.context;
  }

  get isServing(): boolean {
    const { facts, actor } = this.slave;
    const isLive = actor.snapshot.matches({ serving: { link: 'live' } });
    return isLive && !facts.reignPending && facts.position !== null;
  }

  readonly digestAt = (version: number): string | undefined => {
    const asked = this.#entrance.digestAt(version);
    if (this.slave.facts.standing !== 'following') return asked;
    const { position } = this.slave.facts;
    return version > (position?.version ?? 0) ? asked : this.layer.log.digestAt(version);
  };

  /** Serves what it kept once a master speaks; does not wait for one. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { item, downstream } = this.settings;
    this.actor.start();
    await this.slave.start(signal);
    this.#isSlave = true;
    const hub = hubOf(downstream);
    await hub.attach(
      item,
      {
        joined: () => {},
        left: (peer, error) => this.#left(peer, error),
        received: (peer, messages) => {
          for (const message of messages) this.#entrance.received(peer, message);
        },
        drained: (peer) => this.sessions.drained(peer),
        troubled: (error) => this.trouble(error.code, error.message),
        weigh: this.slave.inspection && ((...frame) => this.slave.inspection?.weigh(...frame)),
      },
      signal,
    );
    hub.onStray(item, (...stray) => this.#refuseStray(...stray));
  }

  async stop(): Promise<void> {
    const { item, downstream } = this.settings;
    await closeParts(
      `the relay of "${item}"`,
      () => hubOf(downstream).detach(item),
      () => this.#releaseBelow(),
      () => this.slave.stop(),
    );
  }

  /** A start that failed halfway: what this run opened is closed again. */
  async abandon(): Promise<void> {
    const { item, upstream } = this.settings;
    this.#releaseBelow();
    this.slave.release();
    if (this.#isSlave) await hubOf(upstream).detach(item);
  }

  status(): RelayStatus {
    return { ...this.slave.status(), below: this.#below() };
  }

  rows(): readonly SlaveInfo[] {
    return rowsOf(this);
  }

  forget(id: string): boolean {
    const known = this.roster.forget(id);
    if (known === undefined) return false;
    this.sessions.forgotten(known);
    this.rounds.holders.delete(id);
    this.actor.send({ type: 'slaveLost', slave: id, reason: 'forgotten by the host' });
    return true;
  }

  tellSlave(slave: KnownSlave): void {
    if (this.emitter.has('slave')) this.emitter.emit('slave', rowOf(this, slave));
  }

  trouble(code: string, reason: string): void {
    this.slave.trouble(code, reason);
  }

  // What those below are asked and told (`Below`).

  ask(round: string, next: Position, delta: Uint8Array): Promise<void> {
    return this.rounds.ask(round, next, delta);
  }

  committing(next: Position): void {
    this.rounds.committing(next);
  }

  restarted(): void {
    this.wholeState.arrived();
  }

  // What the slave's own run tells (`SlaveTap`).

  report() {
    return reportBelow(this.rows(), this.#newest, this.sessions.subtree);
  }

  ackPosition(own: Position | null): Position | null {
    return isSubtreeSettled(this.context) ? own : this.#confirmed;
  }

  acknowledges(round: string): boolean {
    return !isAwaitedBelow(this.context, round);
  }

  announced(messages: readonly Enveloped<AnnounceMessage>[]): void {
    if (this.slave.facts.reignPending) return;
    for (const message of messages) {
      const peers = this.sessions.peersOf();
      if (peers.length > 0) this.outbox.multicast(peers, message);
      if (!message.reply) continue;
      this.actor.send({ type: 'heartbeat' });
      this.sessions.sweep();
    }
    if (messages.some(({ reply }) => reply)) this.#reporter.beat();
  }

  welcomed({ openRound }: Enveloped<WelcomeMessage>): void {
    this.#reporter.welcomed();
    if (this.#isBorn) return;
    this.#isBorn = true;
    // A promise on disk is kept by the slave's machine, and no longer asked for below.
    this.actor.send({ type: 'born', openRound });
  }

  outcomeCame(message: Enveloped<OutcomeMessage>): void {
    if (this.#entrance.takes(message)) return;
    const { envelope: _left, ...outcome } = message;
    this.actor.send({ type: 'answered', message: outcome });
  }

  roundDropped(round: string, isSuperseded: boolean): void {
    this.rounds.dropped(round, isSuperseded);
  }

  settled(): void {
    const { isServing } = this;
    const { lineage, incarnation, position } = this.slave.facts;
    if (isSubtreeSettled(this.context)) this.#confirmed = position;
    if (incarnation !== this.#incarnation) this.#entrance.forget();
    this.#incarnation = incarnation;
    if (lineage !== this.#lineage) this.#moved(lineage);
    if (isServing && !this.#wasServing) this.#resume();
    if (!isServing && this.#wasServing) this.actor.send({ type: 'cut' });
    this.#wasServing = isServing;
    this.#entrance.look();
    this.wholeState.look();
  }

  get #newest(): number {
    return this.slave.facts.target?.version ?? 0;
  }

  #below(): BelowStatus {
    return belowOf(this.rows(), this.#newest, this.sessions.subtree);
  }

  /** Those below adopt another lineage by hello and welcome, after their link was lost (P2). */
  #moved(lineage: string | null): void {
    const before = this.#lineage;
    this.#lineage = lineage;
    if (before === null) return;
    for (const { peer } of [...this.roster.sessions]) this.settings.downstream.disconnect(peer);
  }

  /** Their silence was this relay's own: it repeated no heartbeat that they could answer. */
  #resume(): void {
    const nowMs = this.settings.clock.now();
    for (const slave of this.roster.all) if (slave.session !== null) slave.heardAtMs = nowMs;
  }

  #left(peer: PeerId, error: ReplicationError | null): void {
    this.#entrance.left(peer);
    this.sessions.left(peer, error);
  }

  #identity() {
    const { lineage, epoch, incarnation } = this.slave.facts;
    return { lineage: lineage ?? '', epoch, incarnation: incarnation ?? '' };
  }

  #releaseBelow(): void {
    this.sessions.close();
    this.votes.close();
    this.confirmations.close();
    this.wholeState.close();
    this.actor.stop();
  }

  #slaveSettings() {
    const { item, id, upstream, store, silenceMs, retryMs, jitterMs } = this.settings;
    const { clock, ids, inspect, voteMs } = this.settings;
    return {
      item,
      id,
      layer: this.layer,
      transport: upstream,
      store,
      silenceMs,
      prepareMs: voteMs + PREPARE_SLACK_MS,
      retryMs,
      jitterMs,
      clock,
      ids,
      tap: this,
      ...(inspect === undefined ? {} : { inspect }),
    };
  }

  #slaveEmitter(): Emitter<SlaveEvents> {
    const emitter = new Emitter<SlaveEvents>((reason) =>
      this.emitter.emit('trouble', { code: 'INVALID_OPTION', reason, heuristic: false }),
    );
    emitter.on('trouble', (trouble) => this.emitter.emit('trouble', trouble));
    emitter.on('position', (position) => this.emitter.emit('position', position));
    emitter.on('status', () => {
      if (this.emitter.has('status')) this.emitter.emit('status', this.status());
    });
    return emitter;
  }

  /** The peer is refused each time, and the host told once per peer: hellos are repeated. */
  #refuseStray(peer: PeerId, item: string, served: readonly string[]): void {
    const message = `item "${item}" is not relayed here; relayed are "${served.join('", "')}"`;
    this.outbox.sendAs(item, peer, { kind: 'refused', code: 'PROTOCOL', message, hello: null });
    const stray = `${peer} asks for ${item}`;
    if (this.#lastStray === stray) return;
    this.#lastStray = stray;
    this.trouble('PROTOCOL', `${peer} was refused: ${message}`);
  }
}
