/** `createSlave`: the owner of one item's copy (design section 7). */
import type { Position } from '../machines/protocol.js';
import type { Fence } from '../machines/slave-context.js';
import { ReplicationError } from './errors.js';
import { type Attached, attachInspector } from './inspector/remote/attach-inspector.js';
import type { SlaveUserLayer } from './layers/contract.js';
import {
  layerOf,
  layerOption,
  SECRET_OPTIONS,
  sharedChecks,
  transportOption,
} from './option-checks.js';
import { checkOptions, integerOption } from './options.js';
import { systemClock } from './runtime/clock.js';
import { systemIds } from './runtime/ids.js';
import { Emitter } from './service/emitter.js';
import { refuseAborted, startSignal } from './service/ending.js';
import { claimLayer } from './service/layer-use.js';
import type { SlaveSettings } from './service/slave-parts.js';
import { SlaveRun } from './service/slave-run.js';
import type { CopyStanding, SlaveEvents, SlaveStatus } from './service/status.js';
import { Turns } from './service/turns.js';
import { type WaitOptions, Waits } from './service/waits.js';
import type { SlaveOptions } from './slave-options.js';
import { openItemStorage } from './stores/open-item-storage.js';

/** A running or stopped slave. Its data can be read in any state. */
export interface Slave<Data> extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  readonly data: Data;
  readonly position: Position | null;
  readonly status: SlaveStatus;
  /** Milliseconds since the master was heard; Infinity before the first word. */
  readonly age: number;
  /** Resolves once the cached copy is served; does not wait for a master. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once it is at what a live master last announced. */
  current(options?: {
    readonly timeout?: number;
    readonly signal?: AbortSignal;
  }): Promise<Position>;
  /** Resolves once the copy is at `version` or later. */
  waitFor(
    version: number,
    options?: { readonly timeout?: number; readonly signal?: AbortSignal },
  ): Promise<Position>;
  /** Throws the copy away for a whole state of the master's, whatever it says (P22). */
  resync(): void;
  /** Moves to another lineage at the next contact (P22). */
  adoptLineage(lineage: string): void;
  /** Forces the outcome of the round it is in doubt about; reported as heuristic (P22). */
  resolve(round: string, outcome: 'committed' | 'aborted'): boolean;
  /**
   * For a succession of masters: promises `term` to `candidate`. From then on every master of a
   * lower term is refused, durably, and nothing of it is confirmed; tells where the copy then
   * stands, and whether somebody else was promised as much before.
   * @throws {ReplicationError} INVALID_OPTION, NOT_RUNNING, TIMEOUT, STORE_FAILED
   */
  fence(order: Fence, options?: WaitOptions): Promise<CopyStanding>;
  on<K extends keyof SlaveEvents>(event: K, listener: (value: SlaveEvents[K]) => void): () => void;
}

const DELAY_MS_MAX = 2 ** 31 - 1;

const CHECKS = {
  ...sharedChecks,
  data: layerOption('createSlaveLayer', 'installSnapshot'),
  transport: transportOption('slave'),
  silence: integerOption(1, DELAY_MS_MAX),
  prepareTimeout: integerOption(1, DELAY_MS_MAX),
  retry: integerOption(1, DELAY_MS_MAX),
  jitter: integerOption(0, DELAY_MS_MAX),
};

function settingsOf<Data>(options: SlaveOptions<Data>, layer: SlaveUserLayer): SlaveSettings {
  return {
    item: options.item,
    id: options.id ?? (options.ids ?? systemIds)(),
    layer,
    transport: options.transport,
    store: options.store ?? null,
    silenceMs: options.silence ?? 3000,
    prepareMs: options.prepareTimeout ?? 10_000,
    retryMs: options.retry ?? 1000,
    jitterMs: options.jitter ?? 50,
    clock: options.clock ?? systemClock,
    ids: options.ids ?? systemIds,
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  };
}

class RunningSlave<Data> implements Slave<Data> {
  readonly id: string;
  readonly item: string;
  readonly data: Data;
  readonly #settings: SlaveSettings;
  readonly #emitter: Emitter<SlaveEvents>;
  readonly #waits: Waits;
  readonly #turns: Turns;
  #run: SlaveRun | null = null;
  #freeLayer: (() => void) | null = null;
  /** Link of the inspector elsewhere, and what is connected to it. */
  readonly #inspector: string | undefined;
  #attached: Attached<SlaveSettings> | null = null;

  constructor(options: SlaveOptions<Data>) {
    this.#inspector = options.inspector;
    const layer = layerOf<SlaveUserLayer & Data>(options.data, 'createSlaveLayer');
    this.data = layer;
    this.#settings = settingsOf(options, layer);
    this.id = this.#settings.id;
    this.item = this.#settings.item;
    this.#waits = new Waits(this.#settings.clock);
    this.#turns = new Turns(this.#settings.clock);
    this.#emitter = new Emitter((reason) => this.#run?.trouble('INVALID_OPTION', reason));
  }

  get position(): Position | null {
    return this.#settings.layer.position();
  }

  get status(): SlaveStatus {
    return this.#run?.status() ?? STOPPED;
  }

  get age(): number {
    return this.#run?.ageMs ?? Number.POSITIVE_INFINITY;
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#turns.take(() => this.#start(startSignal(options)));
  }

  stop(): Promise<void> {
    return this.#turns.take(async () => {
      const run = this.#run;
      if (run === null) return;
      this.#waits.fail(this.#notRunning());
      try {
        await run.stop();
      } finally {
        this.#run = null;
        this.#letLayerGo();
        await this.#detach();
      }
    });
  }

  current(options: WaitOptions = {}): Promise<Position> {
    return this.#until(
      (run) => {
        const { link, data } = run.status();
        return link === 'live' && data === 'current' && run.facts.prepared === null;
      },
      () => `slave "${this.id}" is not current (${this.status.summary})`,
      options,
    );
  }

  waitFor(version: number, options: WaitOptions = {}): Promise<Position> {
    if (!Number.isSafeInteger(version) || version < 0) {
      const message = `waitFor takes a version, a safe integer of at least 0, not ${version}`;
      return Promise.reject(new ReplicationError('INVALID_OPTION', message));
    }
    const at = () => this.position?.version ?? 0;
    return this.#until(
      () => at() >= version,
      () => `slave "${this.id}" is at version ${at()} and did not reach ${version}`,
      options,
    );
  }

  resync(): void {
    this.#running().actor.send({ type: 'resync' });
  }

  adoptLineage(lineage: string): void {
    if (typeof lineage !== 'string' || lineage === '') {
      throw new ReplicationError('INVALID_OPTION', 'adoptLineage takes the id of a lineage');
    }
    this.#running().actor.send({ type: 'adopt', lineage });
  }

  resolve(round: string, outcome: 'committed' | 'aborted'): boolean {
    if (outcome !== 'committed' && outcome !== 'aborted') {
      throw new ReplicationError('INVALID_OPTION', 'resolve takes "committed" or "aborted"');
    }
    const run = this.#running();
    if (run.facts.prepared?.round !== round) return false;
    run.actor.send({ type: 'resolve', round, verdict: outcome });
    return true;
  }

  async fence(order: Fence, options: WaitOptions = {}): Promise<CopyStanding> {
    const { term, candidate, lineage } = order;
    if (!Number.isSafeInteger(term) || term < 1) {
      throw new ReplicationError('INVALID_OPTION', `fence takes a term of at least 1, not ${term}`);
    }
    const run = this.#running();
    run.actor.send({ type: 'fence', term, candidate, lineage });
    return this.#waits.until(
      () => run.standingBelow(term),
      () => `slave "${this.id}" could not be fenced off from terms below ${term}`,
      options,
    );
  }

  on<K extends keyof SlaveEvents>(event: K, listener: (value: SlaveEvents[K]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    if (this.#run !== null) {
      const message = `slave "${this.id}" of "${this.item}" is running already`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    refuseAborted(`slave "${this.id}" of "${this.item}"`, signal);
    const { store, item, layer } = this.#settings;
    const opened = store === null ? null : await store.open();
    const role = store?.part ?? 'slave';
    const storage = opened === null ? null : await openItemStorage(opened, { item, role });
    const { settings } = await this.#attach();
    const run = new SlaveRun(settings, storage, this.#emitter, this.#waits);
    this.#run = run;
    try {
      this.#freeLayer = claimLayer(`slave "${this.id}" of "${item}"`, layer);
      await run.start(signal);
    } catch (error) {
      this.#run = null;
      this.#letLayerGo();
      run.release();
      await storage?.close();
      await this.#detach();
      throw error;
    }
  }

  async #attach(): Promise<Attached<SlaveSettings>> {
    this.#attached = await attachInspector(this.#settings, this.#inspector, (code, reason) =>
      this.#emitter.emit('trouble', { code, reason, heuristic: false }),
    );
    return this.#attached;
  }

  async #detach(): Promise<void> {
    await this.#attached?.detach();
    this.#attached = null;
  }

  #until(
    isReady: (run: SlaveRun) => boolean,
    explain: () => string,
    options: WaitOptions,
  ): Promise<Position> {
    const run = this.#run;
    if (run === null) return Promise.reject(this.#notRunning());
    if (run.failure !== null) return Promise.reject(run.failure);
    return this.#waits.until(
      () => (isReady(run) ? (this.position ?? undefined) : undefined),
      explain,
      options,
    );
  }

  #running(): SlaveRun {
    if (this.#run === null) throw this.#notRunning();
    return this.#run;
  }

  #letLayerGo(): void {
    this.#freeLayer?.();
    this.#freeLayer = null;
  }

  #notRunning(): ReplicationError {
    const message = `slave "${this.id}" of "${this.item}" is not running; start() it first`;
    return new ReplicationError('NOT_RUNNING', message);
  }
}

const STOPPED: SlaveStatus = {
  link: 'stale',
  data: 'behind',
  round: 'none',
  roundId: null,
  inDoubtFor: 0,
  problem: null,
  target: null,
  summary: 'stopped',
};

/**
 * Makes the owner of one item's copy. It does nothing until `start`.
 * @example
 * const slave = createSlave({ item: 'settings', data: document({}), transport, id: 'slave-1' })
 * await slave.start()
 * @throws {ReplicationError} INVALID_OPTION naming the option
 */
export function createSlave<Data>(options: SlaveOptions<Data>): Slave<Data> {
  checkOptions('createSlave', options, CHECKS, SECRET_OPTIONS);
  return new RunningSlave(options);
}
