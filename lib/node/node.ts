/** `createNode`: one of several processes that own an item in turn (succession). */
import type { Position } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { systemClock } from '../runtime/clock.js';
import { systemIds } from '../runtime/ids.js';
import { NOBODY } from '../service/below.js';
import { refuseAborted, startSignal } from '../service/ending.js';
import type { BelowStatus } from '../service/status.js';
import type { WaitOptions } from '../service/waits.js';
import { memoryStore } from '../stores/memory.js';
import type { NodeData } from './node-data.js';
import { checkNodeOptions, type NodeOptions } from './node-options.js';
import { NodeRun } from './node-run.js';
import type { NodeEvents, NodeRole, NodeStatus } from './status.js';

/** A running or stopped node. Its data can be read in any role, and changed while it leads. */
export interface ReplicationNode<MasterData, SlaveData> extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  /**
   * Reads at any time. A change is confirmed once a majority of the nodes has it; it rejects with
   * `FENCED` (retryable, the message names the leader) where this node does not lead, and with
   * `OUTCOME_UNKNOWN` where no majority confirmed it in time. With `ack: 'decided'` the leader
   * alone has it, and a takeover may lose it.
   */
  readonly data: NodeData<MasterData, SlaveData>;
  readonly role: NodeRole;
  /** Of what `data` reads; null until the copy is served, or while it holds nothing. */
  readonly position: Position | null;
  readonly status: NodeStatus;
  /**
   * Of the node that leads: the other nodes and whoever else follows it, in figures, and who is
   * behind and why, those below relays on every level among them. Elsewhere nobody is below.
   */
  below(): BelowStatus;
  /** Resolves once the copy is served; does not wait for a leader. A node starts once. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Ends master or slave, then gives the lease back, so that another node leads at once. */
  stop(): Promise<void>;
  /** Resolves with who leads, once anybody does. */
  leader(options?: WaitOptions): Promise<{ readonly id: string; readonly term: number }>;
  /** Resolves once this node leads; starts nothing. */
  leading(options?: WaitOptions): Promise<void>;
  /**
   * The operator's order to lead: the present leader is asked to hand over, and a dead one's lease
   * is awaited. A majority has to answer all the same.
   */
  promote(options?: WaitOptions): Promise<void>;
  /**
   * The operator's word on a round that keeps a candidate from leading, told to every node; it
   * holds only where the answers prove nothing, and is reported as heuristic (P22).
   */
  resolve(round: string, outcome: 'committed' | 'aborted'): void;
  /** Sets a copy aside that conflicts, where `conflicts: 'wait'` leaves that to the operator. */
  setAside(): void;
  /** What was set aside, as it stood, for reading. */
  conflictData(id: string): Promise<SlaveData>;
  /** Deletes what was set aside: there is no other copy of it. */
  discardConflict(id: string): Promise<void>;
  on<K extends keyof NodeEvents>(event: K, listener: (value: NodeEvents[K]) => void): () => void;
}

class RunningNode<MasterData extends object, SlaveData extends object>
  implements ReplicationNode<MasterData, SlaveData>
{
  readonly id: string;
  readonly item: string;
  readonly #options: NodeOptions<MasterData, SlaveData>;
  readonly #run: NodeRun<MasterData, SlaveData>;
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor(options: NodeOptions<MasterData, SlaveData>) {
    this.id = options.id;
    this.item = options.item;
    this.#options = options;
    this.#run = new NodeRun(options, {
      clock: options.clock ?? systemClock,
      ids: options.ids ?? systemIds,
      store: options.store ?? memoryStore(),
    });
  }

  get data(): NodeData<MasterData, SlaveData> {
    return this.#run.source.data;
  }

  get role(): NodeRole {
    return this.#state === 'new' ? 'starting' : this.#run.role;
  }

  get position(): Position | null {
    return this.#run.servedPosition;
  }

  get status(): NodeStatus {
    return { ...this.#run.status(), role: this.role };
  }

  below(): BelowStatus {
    const leading = this.#run.role === 'leading' ? this.#run.master : null;
    return leading?.below() ?? NOBODY;
  }

  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const signal = startSignal(options);
    if (this.#state !== 'new') {
      const message = `node "${this.id}" of "${this.item}" was started already; make another one`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    refuseAborted(`node "${this.id}" of "${this.item}"`, signal);
    this.#state = 'started';
    this.#run.actor.start();
    await this.#run.waits.until(
      () => (this.#run.role === 'starting' ? undefined : true),
      () => `node "${this.id}" of "${this.item}" did not open`,
      signal === undefined ? {} : { signal },
    );
    const { problem } = this.#run.context;
    if (this.#run.role !== 'failed' || problem === null) return;
    await this.stop();
    throw new ReplicationError('STORE_FAILED', problem.reason);
  }

  async stop(): Promise<void> {
    if (this.#state === 'started') {
      this.#state = 'stopped';
      const { id, item } = this;
      const reason = `node "${id}" of "${item}" was stopped`;
      this.#run.silence({ code: 'NOT_RUNNING', reason });
      this.#run.waits.fail(new ReplicationError('NOT_RUNNING', reason));
      this.#run.actor.send({ type: 'stop' });
      this.#run.end();
    }
    await this.#run.idle();
    this.#run.actor.stop();
  }

  leader(options: WaitOptions = {}): Promise<{ readonly id: string; readonly term: number }> {
    return this.#until(
      () => (this.#run.role === 'promoting' ? undefined : (this.#run.context.leader ?? undefined)),
      () => `no node leads "${this.item}"`,
      options,
    );
  }

  leading(options: WaitOptions = {}): Promise<void> {
    return this.#until(
      () => (this.#run.role === 'leading' ? true : undefined),
      () => `node "${this.id}" does not lead "${this.item}" (${this.#run.role})`,
      options,
    ).then(() => undefined);
  }

  promote(options: WaitOptions = {}): Promise<void> {
    if (this.#run.role !== 'leading') this.#run.actor.send({ type: 'promote' });
    return this.leading(options);
  }

  resolve(round: string, outcome: 'committed' | 'aborted'): void {
    if (typeof round !== 'string' || (outcome !== 'committed' && outcome !== 'aborted')) {
      const message = 'resolve takes the id of a round, and "committed" or "aborted"';
      throw new ReplicationError('INVALID_OPTION', message);
    }
    this.#run.actor.send({ type: 'resolve', forced: { round, outcome } });
    this.#run.board.tell({ kind: 'resolve', round, outcome });
  }

  setAside(): void {
    this.#run.actor.send({ type: 'forked' });
  }

  conflictData(id: string): Promise<SlaveData> {
    return this.#run.store.conflictData(id, this.#options.data);
  }

  async discardConflict(id: string): Promise<void> {
    await this.#run.store.discardConflict(id);
    this.#run.conflicts = await this.#run.store.conflicts();
  }

  on<K extends keyof NodeEvents>(event: K, listener: (value: NodeEvents[K]) => void): () => void {
    return this.#run.emitter.on(event, listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #until<T>(ready: () => T | undefined, explain: () => string, options: WaitOptions): Promise<T> {
    if (this.#state === 'started') return this.#run.waits.until(ready, explain, options);
    const message = `node "${this.id}" of "${this.item}" is not running`;
    return Promise.reject(new ReplicationError('NOT_RUNNING', message));
  }
}

/**
 * Makes one of the nodes that own an item in turn. It does nothing until `start`.
 * @example
 * const node = createNode({ item: 'settings', data: document({ theme: 'light' }), id: 'a',
 *   members: ['a', 'b', 'c'], store: diskStore('./a'), lease, transports })
 * await node.start()
 * @throws {ReplicationError} INVALID_OPTION naming the option
 */
export function createNode<MasterData extends object, SlaveData extends object>(
  options: NodeOptions<MasterData, SlaveData>,
): ReplicationNode<MasterData, SlaveData> {
  checkNodeOptions(options);
  return new RunningNode(options);
}
