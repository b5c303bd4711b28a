/**
 * One node from start to stop: binds the effects of its machine to lease, board, store, and to a
 * slave or a master by turns. Every decision is the machine's; here things are carried out.
 */
import { nodeMachine } from '../../machines/node.js';
import type { Conflict, Leader, NodeProblem } from '../../machines/node-context.js';
import { samePoint } from '../../machines/position.js';
import type { Position } from '../../machines/protocol.js';
import { isForkedFrom, majorityOf } from '../../machines/succession.js';
import { asReplicationError, ReplicationError, reasonOf } from '../errors.js';
import { createMaster, type Master } from '../master.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import { ProtocolActor } from '../service/actor.js';
import { Emitter } from '../service/emitter.js';
import { Waits } from '../service/waits.js';
import { createSlave, type Slave } from '../slave.js';
import type { StoreDefinition } from '../stores/contract.js';
import { NodeBoard } from './board.js';
import { joinGuarded } from './guarded-lease.js';
import { LeaderTransport } from './leader-transport.js';
import type { LeaseSession } from './lease.js';
import { LeaseKeeper } from './lease-keeper.js';
import { NodeDataSource } from './node-data.js';
import { nodeHandlers } from './node-handlers.js';
import { NodeInspection } from './node-inspection.js';
import type { NodeOptions } from './node-options.js';
import type { NodeActor, NodeParts } from './node-parts.js';
import { type NodeFacts, NodeStore } from './node-store.js';
import { type Confirming, Majority } from './node-tasks.js';
import { type NodeEvents, type NodeRole, type NodeStatus, roleOf } from './status.js';

const NOTHING: NodeFacts = { position: null, term: 0, reigned: [], decided: null };

export interface NodeRunParts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly store: StoreDefinition;
}

export class NodeRun<MasterData extends object, SlaveData extends object>
  implements Confirming, NodeParts
{
  readonly options: NodeOptions<MasterData, SlaveData>;
  readonly clock: Clock;
  readonly emitter: Emitter<NodeEvents>;
  readonly waits: Waits;
  readonly store: NodeStore;
  readonly keeper: LeaseKeeper;
  readonly board: NodeBoard;
  readonly actor: NodeActor;
  readonly source: NodeDataSource<MasterData, SlaveData>;
  readonly confirmMs: number;
  readonly #ids: IdSource;
  readonly #majority: Majority;
  facts: NodeFacts = NOTHING;
  conflicts: readonly Conflict[] = [];
  slave: Slave<SlaveData> | null = null;
  master: Master<MasterData> | null = null;
  /** Set from the moment it may confirm nothing more, until it leads again. */
  #silenced: NodeProblem | null = null;
  #transport: LeaderTransport | null = null;
  #told = '';
  #toldRole: NodeRole = 'starting';
  readonly #ended = new AbortController();
  /** One change of role after the other, whatever the machine asks for meanwhile. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: NodeOptions<MasterData, SlaveData>, { clock, ids, store }: NodeRunParts) {
    const { id, item, members, lease } = options;
    this.options = options;
    this.clock = clock;
    this.#ids = ids;
    this.confirmMs = options.confirmTimeout ?? 2 * lease.leaseMs;
    this.emitter = new Emitter((reason) => this.trouble('INVALID_OPTION', reason));
    this.waits = new Waits(clock);
    this.store = new NodeStore(store, item);
    this.source = new NodeDataSource({ definition: options.data, node: this, ids });
    this.#majority = new Majority((version) => this.#reached(version));
    this.keeper = new LeaseKeeper({
      id,
      leaseMs: lease.leaseMs,
      clock,
      events: {
        seen: (leader) => this.actor.send({ type: 'leaseSeen', leader }),
        free: () => this.actor.send({ type: 'leaseFree' }),
        lost: (reason) => this.actor.send({ type: 'leaseLost', reason }),
        troubled: ({ code, message }) => this.trouble(code, message),
      },
    });
    this.board = new NodeBoard(this);
    this.actor = new ProtocolActor({
      machine: nodeMachine,
      input: {
        id,
        members: members.length,
        isAutomatic: lease.isAutomatic,
        delays: {
          askAgainMs: Math.max(1, Math.round(lease.leaseMs / 4)),
          courtesyMs: Math.max(1, Math.round(lease.leaseMs / 4)),
          retryMs: this.#retryMs(),
        },
      },
      handlers: nodeHandlers(this),
      clock,
      settled: () => this.#settled(),
      crashed: (reason) => this.trouble('PROTOCOL', `node "${id}" of "${item}": ${reason}`),
      inspection:
        options.inspect &&
        new NodeInspection(options.inspect, (why) => this.trouble('INVALID_OPTION', why)),
    });
  }

  get context() {
    return this.actor.snapshot.context;
  }

  get role(): NodeRole {
    return roleOf(this.actor.snapshot.value);
  }

  get position(): Position | null {
    return this.master?.position ?? this.slave?.position ?? this.facts.position;
  }

  /** Of what `data` reads: between two roles the records may be ahead of that. */
  get servedPosition(): Position | null {
    return this.source.position;
  }

  /** Ids of the other nodes. */
  get others(): readonly string[] {
    return this.options.members.filter((id) => id !== this.options.id);
  }

  /** So many besides this one make a majority. */
  get othersNeeded(): number {
    return majorityOf(this.options.members.length) - 1;
  }

  /** Spread by place in the list: nodes that failed together do not try together again. */
  #retryMs(): number {
    const { members, id, lease } = this.options;
    return Math.max(
      1,
      Math.round((lease.leaseMs / 8) * (1 + members.indexOf(id) / members.length)),
    );
  }

  send: NodeActor['send'] = (event) => this.actor.send(event);

  async confirmed(version: number): Promise<readonly string[]> {
    return this.othersNeeded === 0 ? [] : this.#majority.at(version);
  }

  /** By the clock of this moment: a process that stood still finds its lease over (S10). */
  refusal(): ReplicationError | null {
    const { leader, fence } = this.context;
    const { id, item } = this.options;
    // Not while it is taking the lead: its term may not be on record yet (0022).
    const isLeading = this.role === 'leading';
    if (this.#silenced === null && isLeading && this.master !== null && this.keeper.isHeld(fence)) {
      return null;
    }
    const other = leader === null || leader.id === id ? null : leader.id;
    const who = other === null ? 'no node leads at this moment' : `"${other}" leads`;
    const message = `node "${id}" of "${item}" takes no changes: ${who}; make them there, or retry`;
    return new ReplicationError('FENCED', message, { retryable: true });
  }

  status(): NodeStatus {
    const { leader, judgment, fence, problem } = this.context;
    return {
      role: this.role,
      term: fence,
      leader,
      position: this.servedPosition,
      leaseMs: this.keeper.validForMs,
      inDoubt: judgment?.verdict === 'doubt' ? judgment.round : null,
      conflicts: this.conflicts,
      copy: this.slave?.status ?? null,
      problem,
    };
  }

  trouble(code: string, reason: string, heuristic = false): void {
    this.emitter.emit('trouble', { code, reason, heuristic });
  }

  /** Runs a change of role after those before it; a failure becomes an event of the machine. */
  inTurn(step: () => Promise<void>, failed: (problem: NodeProblem) => void): void {
    const release = this.clock.hold?.();
    const run = this.#last.then(step).finally(() => release?.());
    this.#last = run.catch((error: unknown) => {
      const { code, message } = asReplicationError(error, 'STORE_FAILED', 'the change of role');
      failed({ code, reason: message });
    });
  }

  /** Nothing that is not there yet is waited for. */
  end(): void {
    this.#ended.abort();
  }

  /** Waits for every change of role that was asked for. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async join(): Promise<LeaseSession> {
    const { id, item, lease } = this.options;
    const session = await joinGuarded({
      service: lease,
      member: {
        id,
        item,
        answer: (question) => this.board.answer(question),
        changed: (record) => this.keeper.observe(record),
        troubled: ({ code, message }) => this.trouble(code, message),
      },
      clock: this.clock,
      ended: this.#ended.signal,
    });
    this.board.session = session;
    return session;
  }

  async startSlave(): Promise<void> {
    const { item, id, transports, lease, inspect } = this.options;
    const transport = new LeaderTransport((leader) => transports.connect(leader));
    const slave = createSlave<SlaveData>({
      item,
      id,
      data: this.source.layers,
      transport,
      store: this.store.definition,
      silence: lease.leaseMs,
      clock: this.clock,
      ids: this.#ids,
      ...(inspect === undefined ? {} : { inspect }),
    });
    slave.on('trouble', ({ code, reason, heuristic }) => this.trouble(code, reason, heuristic));
    slave.on('status', ({ data }) => {
      if (data === 'regressed') this.noteFork();
      this.#tellStatus();
    });
    slave.on('position', (position) => this.emitter.emit('position', position));
    await slave.start();
    this.slave = slave;
    this.#transport = transport;
    this.follow(this.context.leader);
  }

  async stopSlave(): Promise<void> {
    const { slave } = this;
    this.slave = null;
    this.#transport = null;
    if (slave === null) return;
    this.facts = { ...this.facts, position: slave.position };
    await slave.stop();
  }

  /** A copy that is known to be a fork asks nobody: it is set aside first. */
  follow(leader: Leader | null): void {
    const other = leader === null || leader.id === this.options.id ? null : leader;
    const isFork = isForkedFrom(this.position, this.keeper.successions);
    if (other !== null && isFork && !this.#isSetAside()) {
      this.#transport?.follow(null);
      this.noteFork();
      return;
    }
    this.#transport?.follow(other?.id ?? null);
  }

  #isSetAside(): boolean {
    const { position } = this;
    return this.conflicts.some(
      (conflict) => position !== null && samePoint(conflict.position, position),
    );
  }

  noteFork(): void {
    if (this.options.conflicts !== 'wait') this.send({ type: 'forked' });
  }

  async startMaster(term: number): Promise<void> {
    const { item, id, transports, lease, heartbeat, voteTimeout, inspect } = this.options;
    const others = new Set(this.others);
    const master = createMaster<MasterData>({
      item,
      id,
      data: this.source.layers,
      transport: transports.listen(id),
      store: this.store.definition,
      takeover: true,
      term,
      // What is decided is held by a majority, so that the next leader finds it (2.4).
      participants: (slave) => others.has(slave.id),
      unreachable: 'defer',
      atLeast: this.othersNeeded,
      heartbeat: heartbeat ?? Math.max(1, Math.round(lease.leaseMs / 6)),
      voteTimeout: voteTimeout ?? Math.max(1, Math.round(lease.leaseMs / 2)),
      clock: this.clock,
      ids: this.#ids,
      ...(inspect === undefined ? {} : { inspect }),
    });
    master.on('trouble', ({ code, reason, heuristic }) => this.trouble(code, reason, heuristic));
    master.on('status', ({ state, problem }) => {
      if (state !== 'fenced' && state !== 'halted') return;
      const code = state === 'fenced' ? 'FENCED' : 'STORE_FAILED';
      this.send({ type: 'masterEnded', problem: problem ?? { code, reason: state } });
    });
    master.on('position', (position) => this.emitter.emit('position', position));
    this.master = master;
    await master.start();
    this.#silenced = null;
  }

  async stopMaster(): Promise<void> {
    const { master } = this;
    this.master = null;
    if (master === null) return;
    this.facts = { ...this.facts, position: master.position };
    try {
      await master.stop();
    } catch (error) {
      // Its store may be what ended it; what is on disk is read again after this.
      this.trouble('STORE_FAILED', reasonOf(error));
    }
  }

  silence(problem: NodeProblem): void {
    this.#silenced = problem;
  }

  async #reached(version: number): Promise<readonly string[]> {
    const { master } = this;
    if (master === null) throw new ReplicationError('FENCED', 'this node does not lead any more');
    const { othersNeeded: atLeast, others: among, confirmMs: timeout } = this;
    return master.slavesAt(version, { atLeast, among, timeout });
  }

  tellRole(): void {
    const { role } = this;
    if (role === this.#toldRole) return;
    this.#toldRole = role;
    this.emitter.emit('role', role);
  }

  #settled(): void {
    this.tellRole();
    this.waits.check();
    this.#tellStatus();
  }

  #tellStatus(): void {
    if (!this.emitter.has('status')) return;
    const status = this.status();
    // Ages and the rest of the lease change all the time: they are no news.
    const { leaseMs: _time, copy, position: _place, ...lasting } = status;
    const told = JSON.stringify([lasting, copy?.summary]);
    if (told === this.#told) return;
    this.#told = told;
    this.emitter.emit('status', status);
  }
}
