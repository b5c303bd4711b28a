/** `createMaster`: the owner of one item's original (design section 7). */
import type { Position } from '../machines/protocol.js';
import { ReplicationError } from './errors.js';
import { type Attached, attachInspector } from './inspector/remote/attach-inspector.js';
import type { MasterUserLayer } from './layers/contract.js';
import type { MasterOptions } from './master-options.js';
import {
  layerOf,
  layerOption,
  participantsOption,
  SECRET_OPTIONS,
  sharedChecks,
  transportOption,
  unreachableOption,
} from './option-checks.js';
import { booleanOption, checkOptions, integerOption } from './options.js';
import { systemClock } from './runtime/clock.js';
import { systemIds } from './runtime/ids.js';
import { belowOf, NOBODY } from './service/below.js';
import { Emitter } from './service/emitter.js';
import { refuseAborted, startSignal } from './service/ending.js';
import { claimLayer } from './service/layer-use.js';
import { loadMasterRun } from './service/load-master-run.js';
import type { MasterSettings } from './service/master-parts.js';
import type { PastReign } from './service/master-records.js';
import type { MasterRun } from './service/master-run.js';
import { patientEvery } from './service/patient-every.js';
import { promoteCopy } from './service/promote.js';
import type { BelowStatus, MasterEvents, MasterStatus, SlaveInfo } from './service/status.js';
import { Turns } from './service/turns.js';
import { type WaitOptions, Waits } from './service/waits.js';
import type { ItemStorage, StoreDefinition } from './stores/contract.js';
import { openItemStorage } from './stores/open-item-storage.js';

/** A running or stopped master. All waits take an AbortSignal and fail with coded errors. */
export interface Master<Data> extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  /** The original: read it at any time, change it while the master runs. */
  readonly data: Data;
  /** Where the original stands; null before the first start. */
  readonly position: Position | null;
  readonly status: MasterStatus;
  /**
   * Recovers, redoes what was decided, listens, and resolves once it announces (claim 36).
   * @throws {ReplicationError} STORE_FAILED (in use, unreadable), CORRUPT (damaged), INVALID_OPTION
   * (port in use, item already served, this master running already), ABORTED by the signal or when
   * the user layer failed to open.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Aborts the open round unless it is decided, flushes, and closes its share of everything. */
  stop(): Promise<void>;
  /** Every slave that was seen and not forgotten; furthest behind first. */
  slaves(): readonly SlaveInfo[];
  /**
   * All nodes of the tree in figures, and who is behind and why: the slaves of this master, and
   * those below relays on every level, as the relays told within the last heartbeats.
   */
  below(): BelowStatus;
  /**
   * Resolves with their ids once every connected slave confirmed `version` or a later one; with
   * `atLeast`, once so many of `among` (all known ones by default) did, connected or not. One on
   * another history than this master's never counts.
   * @throws {ReplicationError} INVALID_OPTION, TIMEOUT naming who is missing, ABORTED, NOT_RUNNING
   */
  slavesAt(
    version: number,
    options?: WaitOptions & { readonly atLeast?: number; readonly among?: readonly string[] },
  ): Promise<readonly string[]>;
  /** Drops a slave that will not come back: nobody waits for it any more (P20). */
  forget(id: string): boolean;
  /**
   * The host's choice when slaves are `regressed`, ahead of a restored original (P16): the original
   * as it is gets a new lineage under which the master starts anew; slaves take it by order only
   * (`slave.adoptLineage`). To go on from a slave's copy instead, start a master on its store with
   * `takeover: true`.
   * @throws {ReplicationError} NOT_RUNNING; INVALID_OPTION when the layer makes no empty delta
   */
  resolveRegressed(choice: 'new-lineage'): Promise<void>;
  /** Listens; returns the function that ends it. A listener that throws is reported as trouble. */
  on<K extends keyof MasterEvents>(
    event: K,
    listener: (value: MasterEvents[K]) => void,
  ): () => void;
}

const DELAY_MS_MAX = 2 ** 31 - 1;

const CHECKS = {
  ...sharedChecks,
  data: layerOption('createMasterLayer', 'attach'),
  transport: transportOption('master'),
  heartbeat: integerOption(1, DELAY_MS_MAX),
  voteTimeout: integerOption(1, DELAY_MS_MAX),
  participants: participantsOption,
  maxLag: integerOption(0),
  atLeast: integerOption(0),
  unreachable: unreachableOption,
  queueMax: integerOption(1),
  history: integerOption(1),
  takeover: booleanOption,
  term: integerOption(1),
};

function settingsOf<Data>(options: MasterOptions<Data>, layer: MasterUserLayer): MasterSettings {
  return {
    item: options.item,
    id: options.id ?? 'master',
    layer,
    transport: options.transport,
    store: options.store ?? null,
    heartbeatMs: options.heartbeat ?? 1000,
    voteMs: options.voteTimeout ?? 2000,
    participants: options.participants ?? 'connected',
    maxLag: options.maxLag ?? 1000,
    atLeast: options.atLeast ?? 0,
    unreachable: options.unreachable ?? 'abort',
    queueMax: options.queueMax ?? 100_000,
    historyMax: options.history ?? 10_000,
    takeover: options.takeover ?? false,
    term: options.term ?? null,
    clock: options.clock ?? systemClock,
    ids: options.ids ?? systemIds,
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  };
}

class RunningMaster<Data> implements Master<Data> {
  readonly id: string;
  readonly item: string;
  readonly data: Data;
  readonly #settings: MasterSettings;
  readonly #emitter: Emitter<MasterEvents>;
  readonly #waits: Waits;
  readonly #turns: Turns;
  #run: MasterRun | null = null;
  #last: Position | null = null;
  #past: PastReign | null = null;
  #freeLayer: (() => void) | null = null;
  /** Link of the inspector elsewhere, and what is connected to it. */
  readonly #inspector: string | undefined;
  #attached: Attached<MasterSettings> | null = null;

  constructor(options: MasterOptions<Data>) {
    this.#inspector = options.inspector;
    const layer = layerOf<MasterUserLayer & Data>(options.data, 'createMasterLayer');
    this.data = layer;
    this.#settings = settingsOf(options, layer);
    this.id = this.#settings.id;
    this.item = this.#settings.item;
    this.#waits = new Waits(this.#settings.clock);
    this.#turns = new Turns(this.#settings.clock);
    this.#emitter = new Emitter((reason) => {
      // A listener of `trouble` that throws has nobody left to be reported to but the host's log.
      this.#run?.trouble('INVALID_OPTION', reason);
    });
  }

  get position(): Position | null {
    return this.#run?.position ?? this.#last ?? this.#settings.layer.position();
  }

  get status(): MasterStatus {
    const stopped = { state: 'stopped', round: null, queued: 0, problem: null } as const;
    return this.#run?.status() ?? { ...stopped, position: this.position };
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#turns.take(() => this.#start(startSignal(options), false));
  }

  stop(): Promise<void> {
    return this.#turns.take(() => this.#stop());
  }

  async resolveRegressed(choice: 'new-lineage'): Promise<void> {
    if (choice !== 'new-lineage') {
      const message =
        'resolveRegressed takes "new-lineage"; to go on from a slave\'s copy instead, ' +
        "start a master on that slave's store with takeover: true";
      throw new ReplicationError('INVALID_OPTION', message);
    }
    await this.#turns.take(async () => {
      if (this.#run === null) throw this.#notRunning();
      await this.#stop();
      await this.#start(undefined, true);
    });
  }

  slaves(): readonly SlaveInfo[] {
    return this.#run?.slaves() ?? [];
  }

  below(): BelowStatus {
    const run = this.#run;
    if (run === null) return NOBODY;
    return belowOf(run.slaves(), run.context.position.version, run.sessions.subtree);
  }

  slavesAt(
    version: number,
    options: WaitOptions & { readonly atLeast?: number; readonly among?: readonly string[] } = {},
  ): Promise<readonly string[]> {
    const run = this.#run;
    if (run === null) return Promise.reject(this.#notRunning());
    if (!Number.isSafeInteger(version) || version < 0) {
      const message = `slavesAt takes a version, a safe integer of at least 0, not ${version}`;
      return Promise.reject(new ReplicationError('INVALID_OPTION', message));
    }
    if (options?.atLeast !== undefined) {
      const { atLeast, among, ...wait } = options;
      return this.#waits.until(
        () => {
          const there = run.roster.confirmedAt(version, among);
          return there.length >= atLeast ? there : undefined;
        },
        () => `fewer than ${atLeast} slaves confirmed version ${version}`,
        wait,
      );
    }
    const missing = () =>
      run.slaves().filter((slave) => slave.peer !== null && slave.version < version);
    const areThere = patientEvery(
      () => run.roster.all,
      ({ session, position }) => session === null || position.version >= version,
    );
    return this.#waits.until(
      () => {
        if (!areThere()) return undefined;
        return run.slaves().flatMap((slave) => (slave.version >= version ? [slave.id] : []));
      },
      () =>
        `${missing()
          .map(({ id }) => id)
          .join(', ')} did not reach version ${version}`,
      options,
    );
  }

  forget(id: string): boolean {
    return this.#run?.forget(id) ?? false;
  }

  on<K extends keyof MasterEvents>(
    event: K,
    listener: (value: MasterEvents[K]) => void,
  ): () => void {
    return this.#emitter.on(event, listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    this.#last = run.position;
    this.#waits.fail(this.#notRunning());
    try {
      await run.stop();
    } finally {
      this.#past = run.past;
      this.#run = null;
      this.#letLayerGo();
      await this.#detach();
    }
  }

  async #detach(): Promise<void> {
    await this.#attached?.detach();
    this.#attached = null;
  }

  async #start(signal: AbortSignal | undefined, isNewLineage: boolean): Promise<void> {
    if (this.#run !== null) {
      const message = `the master of "${this.item}" is running already`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    refuseAborted(`the master of "${this.item}"`, signal);
    const { store, item, layer } = this.#settings;
    const storage = store === null ? null : await this.#openStorage(store, item);
    const { MasterRun } = await loadMasterRun();
    const { settings } = await this.#attach();
    const run = new MasterRun(settings, storage, this.#emitter, this.#waits, this.#past);
    this.#run = run;
    try {
      this.#freeLayer = claimLayer(`the master of "${item}"`, layer);
      await run.start(signal, isNewLineage);
    } catch (error) {
      this.#run = null;
      this.#letLayerGo();
      run.release();
      await storage?.close();
      await this.#detach();
      throw error;
    }
  }

  async #attach(): Promise<Attached<MasterSettings>> {
    this.#attached = await attachInspector(this.#settings, this.#inspector, (code, reason) =>
      this.#emitter.emit('trouble', { code, reason, heuristic: false }),
    );
    return this.#attached;
  }

  async #openStorage(store: StoreDefinition, item: string): Promise<ItemStorage> {
    const role = store.part ?? 'master';
    const storage = await openItemStorage(await store.open(), { item, role });
    if (role === 'node') return storage;
    try {
      await promoteCopy(store, item, storage, this.#settings.takeover);
      return storage;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  #letLayerGo(): void {
    this.#freeLayer?.();
    this.#freeLayer = null;
  }

  #notRunning(): ReplicationError {
    const message = `the master of "${this.item}" is not running; start() it first`;
    return new ReplicationError('NOT_RUNNING', message);
  }
}

/**
 * Makes the owner of one item's original. It does nothing until `start`.
 * @example
 * const master = createMaster({ item: 'settings', data: document({ theme: 'light' }), transport })
 * await master.start()
 * @throws {ReplicationError} INVALID_OPTION naming the option
 */
export function createMaster<Data>(options: MasterOptions<Data>): Master<Data> {
  checkOptions('createMaster', options, CHECKS, SECRET_OPTIONS);
  if (options.term !== undefined && options.takeover !== true) {
    const message = 'createMaster takes a term only with takeover: true';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return new RunningMaster(options);
}
