/**
 * One run of a master service layer, from start to stop: binds the effects of the master's machine
 * to transport, store and user layer. Every decision is the machine's; here things are carried out.
 */
import { masterMachine } from '../../machines/master.js';
import type { Confirmation, RecoveredMaster } from '../../machines/master-context.js';
import type { Point, Position } from '../../machines/protocol.js';
import type { Vote } from '../../machines/tally.js';
import { ReplicationError, reasonOf } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { ItemStorage } from '../stores/contract.js';
import { ProtocolActor } from './actor.js';
import { AwaitedConfirmations, AwaitedVotes } from './awaited.js';
import { reportBelow } from './below.js';
import { ChangeTeller } from './change-teller.js';
import type { Emitter } from './emitter.js';
import { closeParts } from './ending.js';
import { establish } from './establish.js';
import { GatheringBox } from './gathering-box.js';
import { GroupQueue } from './group-queue.js';
import { History } from './history.js';
import { hubOf } from './hub.js';
import { KnownIds } from './known-ids.js';
import { masterHandlers } from './master-handlers.js';
import type { MasterActor, MasterParts, MasterSettings } from './master-parts.js';
import { masterPort } from './master-port-of.js';
import { MASTER_RECORDS, type PastReign, readHistory } from './master-records.js';
import { MasterSessions } from './master-sessions.js';
import { MasterStorage } from './master-storage.js';
import { Original } from './original.js';
import { Outbox } from './outbox.js';
import type { PendingTask } from './pending-task.js';
import { RoundTasks } from './round-tasks.js';
import { RunInspection } from './run-inspection.js';
import { describeAll, describeSlave, groundsOf } from './slave-info.js';
import { type KnownSlave, SlaveRoster } from './slave-roster.js';
import type { MasterEvents, MasterStatus, SlaveInfo } from './status.js';
import type { UpdateOptions } from './task.js';
import type { Waits } from './waits.js';

export class MasterRun implements MasterParts {
  readonly settings: MasterSettings;
  readonly emitter: Emitter<MasterEvents>;
  readonly waits: Waits;
  readonly storage: MasterStorage;
  readonly history: History;
  readonly original: Original;
  readonly outbox: Outbox;
  readonly roster = new SlaveRoster();
  readonly sessions: MasterSessions;
  readonly queue: GroupQueue;
  readonly votes: GatheringBox<Vote>;
  readonly confirmations: GatheringBox<Confirmation>;
  readonly actor: MasterActor;
  readonly inspection: RunInspection | undefined;
  readonly changes: ChangeTeller | undefined;
  /** Where the original stands, from its own records, until the machine knows. */
  found: Position | null = null;
  /** What the machine starts from. */
  recovered: RecoveredMaster | null = null;
  #lastStray = '';
  readonly #before: PastReign | null;
  #knownIds: KnownIds | null = null;
  readonly #awaitedVotes = new AwaitedVotes();
  readonly #awaitedConfirmations = new AwaitedConfirmations();

  constructor(
    settings: MasterSettings,
    storage: ItemStorage | null,
    emitter: Emitter<MasterEvents>,
    waits: Waits,
    before: PastReign | null,
  ) {
    const { clock, ids, transport, item, id, layer, inspect } = settings;
    this.settings = settings;
    const inspection =
      inspect === undefined
        ? undefined
        : new RunInspection(inspect, (reason) => this.trouble('INVALID_OPTION', reason));
    this.inspection = inspection;
    this.changes = inspection && this.#newChangeTeller(inspection);
    this.#before = before;
    this.emitter = emitter;
    this.waits = waits;
    this.storage = new MasterStorage(storage, (error) => this.storeFailed(error));
    this.history = new History(settings.historyMax, readHistory(this.storage.records));
    this.original = new Original(layer, this.storage, clock, this.history);
    const identity = () => this.context;
    const namesParticipants = settings.term !== null;
    const outboxOptions = { item, sender: id, identity, inspection, namesParticipants };
    this.outbox = new Outbox(transport, outboxOptions);
    const port = masterPort(this);
    const { roster, outbox } = this;
    const sessions = { roster, transport, outbox, clock, ids, port, inspection };
    this.sessions = new MasterSessions(sessions);
    this.votes = new GatheringBox<Vote>({
      clock,
      awaited: () => this.#awaitedVotes.count(this.context.round, this.context.votes),
      // One no is enough (P9).
      isUrgent: ({ answer }) => answer === 'no',
      deliver: (votes) => this.actor.send({ type: 'votes', votes }),
    });
    this.confirmations = new GatheringBox<Confirmation>({
      clock,
      awaited: () => this.unconfirmed.size,
      deliver: (confirmations) => this.actor.send({ type: 'confirmations', confirmations }),
    });
    this.actor = new ProtocolActor({
      machine: masterMachine,
      input: {
        delays: { heartbeatMs: settings.heartbeatMs, voteMs: settings.voteMs, commitRetryMs: 1000 },
      },
      handlers: masterHandlers(this),
      clock,
      settled: () => this.#settled(),
      crashed: (reason) => this.trouble('PROTOCOL', `master of "${item}": ${reason}`),
      inspection,
    });
    this.queue = this.#newQueue();
  }

  get context() {
    return this.actor.snapshot.context;
  }

  /** Slaves that have not confirmed a round they were asked in. */
  get unconfirmed(): ReadonlySet<string> {
    return this.#awaitedConfirmations.slaves(this.context.closed);
  }

  get isServing(): boolean {
    return this.actor.snapshot.hasTag('serving');
  }

  get position(): Position | null {
    const { lineage, epoch, position } = this.context;
    return position.version === 0 ? this.found : { lineage, epoch, ...position };
  }

  /** What the next run of the same object has to know where no store tells it. */
  get past(): PastReign | null {
    const { lineage, reigns, issued } = this.context;
    return lineage === '' ? null : { lineage, reigns, issued };
  }

  /** Recovers, redoes what was decided, and only then lets messages in and out (P9). */
  async start(signal: AbortSignal | undefined, isNewLineage: boolean): Promise<void> {
    const { item, transport } = this.settings;
    const { initial } = await this.original.open({
      submit: (change, options) => this.submit(change, options),
      announce: (change, options) => this.submit(change, { ...options, method: 'one-phase' }),
      propose: (change, options) => this.submit(change, { ...options, method: 'two-phase' }),
      rollback: (id, reason) =>
        this.queue.open?.tasks.find((t) => t.id === id)?.rollback(reason) ?? false,
    });
    const { position, recovered } = await establish(this, initial, {
      isNewLineage,
      before: this.#before,
    });
    this.found = position;
    this.recovered = recovered;
    this.#beginInspection(recovered.incarnation);
    for (const id of (this.storage.records.get(MASTER_RECORDS.known) as string[] | undefined) ??
      []) {
      this.roster.know(id, this.settings.clock.now());
    }
    this.#knownIds = new KnownIds(this.roster, this.settings.clock, (ids) =>
      this.storage.saveKnown(ids),
    );
    this.actor.start();
    await this.waits.until(
      () => (this.isServing ? true : undefined),
      () => `the master of "${item}" could not finish its recovery`,
      signal === undefined ? {} : { signal },
    );
    const hub = hubOf(transport);
    await hub.attach(
      item,
      {
        joined: () => {},
        left: (peer, error) => this.sessions.left(peer, error),
        received: (peer, messages) => this.sessions.received(peer, messages),
        drained: (peer) => this.sessions.drained(peer),
        troubled: (error) => this.trouble(error.code, error.message),
        weigh: this.inspection && ((...frame) => this.inspection?.weigh(...frame)),
      },
      signal,
    );
    hub.onStray(item, (...stray) => this.#refuseStray(...stray));
  }

  /** Ends the open round, lets what is decided finish, and goes. */
  async stop(): Promise<void> {
    const { item, transport } = this.settings;
    this.queue.refuse(new ReplicationError('NOT_RUNNING', `the master of "${item}" was stopped`));
    const open = this.queue.open;
    if (open !== null) this.askRollback(open.group.id, 'the master is stopping');
    await this.waits
      .until(
        () => (this.queue.open === null ? true : undefined),
        () => 'the group under way could not be finished',
        { timeout: this.settings.voteMs },
      )
      .catch((error: unknown) => this.trouble('TIMEOUT', reasonOf(error)));
    this.actor.send({ type: 'stop' });
    this.#closeQueue(new ReplicationError('NOT_RUNNING', `the master of "${item}" was stopped`));
    this.#knownIds?.flush();
    await closeParts(
      `the master of "${item}"`,
      () => hubOf(transport).detach(item),
      () => this.release(),
      () => this.settings.layer.close?.(),
      () => this.storage.close(),
    );
  }

  /** Stops timers and sessions; nothing is sent any more. */
  release(): void {
    this.sessions.close();
    this.#knownIds?.close();
    this.votes.close();
    this.confirmations.close();
    this.actor.stop();
    this.original.calls.close();
    this.inspection?.end();
  }

  submit(change: unknown, options?: UpdateOptions): PendingTask {
    return this.queue.submit(change, options);
  }

  slaves(): readonly SlaveInfo[] {
    return describeAll(this);
  }

  tellSlave(slave: KnownSlave): void {
    if (this.emitter.has('slave'))
      this.emitter.emit('slave', describeSlave(slave, groundsOf(this)));
  }

  forget(id: string): boolean {
    const known = this.roster.forget(id);
    if (known === undefined) return false;
    this.sessions.forgotten(known);
    this.actor.send({ type: 'slaveLost', slave: id, reason: 'forgotten by the host' });
    this.actor.send({ type: 'slaveForgotten', slave: id });
    this.saveKnown();
    return true;
  }

  saveKnown(): void {
    this.#knownIds?.save();
  }

  status(): MasterStatus {
    const { snapshot } = this.actor;
    const { problem, round } = snapshot.context;
    const value = snapshot.value as string | { serving?: { round: unknown } };
    const state = typeof value === 'string' ? value : (Object.keys(value)[0] as string);
    return {
      state: state as MasterStatus['state'],
      position: this.position,
      round: round === null ? null : { id: round.id, stage: stageOf(value) },
      queued: this.queue.length,
      problem,
    };
  }

  trouble(code: string, reason: string, heuristic = false): void {
    const trouble = { code, reason, heuristic };
    this.inspection?.tell({ type: '@replichart.trouble', trouble });
    this.emitter.emit('trouble', trouble);
  }

  storeFailed(error: unknown): void {
    const code = error instanceof ReplicationError ? error.code : 'STORE_FAILED';
    this.actor.send({ type: 'storeFailed', problem: { code, reason: reasonOf(error) } });
  }

  /** The next number above everything issued or shown (P7); the machine checks it again. */
  nextStep(): { from: Point; version: number } {
    const { position, issued } = this.context;
    return { from: position, version: issued + 1 };
  }

  /** Asked by a task: only a round whose votes are still out can be taken back. */
  askRollback(round: string, reason: string): boolean {
    const event = { type: 'rollback', round, reason } as const;
    // The state before tells: afterwards the next group may be under way already.
    const isInTime = this.actor.snapshot.can(event);
    this.actor.send(event);
    return isInTime;
  }

  /** After each heartbeat: silent connections end, unread builds go. */
  sweep(): void {
    this.sessions.sweep();
    this.changes?.look();
    if (!this.emitter.has('slave')) return;
    for (const slave of this.roster.all) this.tellSlave(slave);
  }

  #settled(): void {
    // After each event: asking for the two ends by name costs more than most events do.
    if (!this.isServing) this.#endIfOver();
    this.queue.pump();
    this.waits.check();
    if (this.emitter.has('status')) this.emitter.emit('status', this.status());
  }

  #endIfOver(): void {
    if (this.actor.snapshot.matches('halted')) this.#end('STORE_FAILED', 'restart it');
    if (this.actor.snapshot.matches('fenced')) this.#end('FENCED', 'a later master took over');
  }

  /** Nothing that waits can be decided here any more. */
  #end(code: 'STORE_FAILED' | 'FENCED', advice: string): void {
    const reason = this.context.problem?.reason ?? code;
    const message = `the master of "${this.settings.item}" stopped serving: ${reason}; ${advice}`;
    const error = new ReplicationError(code, message);
    this.#closeQueue(error);
    this.waits.fail(error);
  }

  #closeQueue(refusal: ReplicationError): void {
    const { code, message: reason } = refusal;
    this.changes?.dropped(this.queue.open, { code, reason });
    this.queue.close(refusal);
  }

  #beginInspection(incarnation: string): void {
    const { item, id } = this.settings;
    const report = () => {
      const { version } = this.context.position;
      const slaves = reportBelow(this.slaves(), version, this.sessions.subtree);
      return { role: 'master' as const, status: this.status(), ...slaves };
    };
    this.inspection?.begin({ role: 'master', item, id, incarnation, report });
  }

  #newChangeTeller(inspection: RunInspection): ChangeTeller {
    const { clock, voteMs } = this.settings;
    return new ChangeTeller({
      inspection,
      clock,
      patienceMs: voteMs,
      positionAt: ({ version, digest }) => {
        const { lineage, epoch } = this.context;
        return { version, digest, lineage, epoch };
      },
      isAt: (id, version) => (this.roster.get(id)?.position.version ?? version) >= version,
    });
  }

  #newQueue(): GroupQueue {
    const { item, layer, queueMax, clock, ids } = this.settings;
    const tasks = new RoundTasks(this);
    const queue = new GroupQueue({
      ids,
      item,
      layer,
      codec: this.original.codec,
      queueMax,
      clock,
      isDurable: this.storage.isDurable,
      isFree: () => this.actor.snapshot.hasTag('free'),
      nextStep: () => this.nextStep(),
      callLayer: (what, run, done, failed) =>
        this.original.calls.call(what, run, done, failed, serviceLimits.userLayerCallMs),
      begin: (open) => tasks.begin(open),
      committed: (open, version) => tasks.committed(open, version),
    });
    queue.askRollback = (round, reason) => this.askRollback(round, reason);
    return queue;
  }

  /** The peer is refused each time, and the host told once per peer: hellos are repeated. */
  #refuseStray(peer: string, item: string, served: readonly string[]): void {
    const message = `item "${item}" is not served here; served are "${served.join('", "')}"`;
    this.outbox.sendAs(item, peer, { kind: 'refused', code: 'PROTOCOL', message, hello: null });
    const stray = `${peer} asks for ${item}`;
    if (this.#lastStray === stray) return;
    this.#lastStray = stray;
    this.trouble('PROTOCOL', `${peer} was refused: ${message}`);
  }
}

/** The words of a state value: `preparing.voting`. */
function stageOf(value: string | { serving?: { round?: unknown } }): string {
  const round = typeof value === 'string' ? value : value.serving?.round;
  if (typeof round === 'string') return round;
  const [outer, inner] = Object.entries(round ?? {})[0] ?? ['none', ''];
  return `${outer}.${inner}`;
}
