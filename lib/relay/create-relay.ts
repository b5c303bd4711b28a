/** `createRelay`: a slave of the master above that is master to the slaves below. */
import type { Position } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { type Attached, attachInspector } from '../inspector/remote/attach-inspector.js';
import {
  participantsOption,
  SECRET_OPTIONS,
  sharedChecks,
  transportOption,
  unreachableOption,
} from '../option-checks.js';
import { checkOptions, integerOption } from '../options.js';
import { systemClock } from '../runtime/clock.js';
import { systemIds } from '../runtime/ids.js';
import { NOBODY } from '../service/below.js';
import { Emitter } from '../service/emitter.js';
import { refuseAborted, startSignal } from '../service/ending.js';
import type { SlaveInfo } from '../service/status.js';
import { Turns } from '../service/turns.js';
import { type WaitOptions, Waits } from '../service/waits.js';
import { openItemStorage } from '../stores/open-item-storage.js';
import type { RelayOptions } from './relay-options.js';
import { RelayRun } from './relay-run.js';
import type { RelaySettings } from './relay-settings.js';
import type { RelayEvents, RelayStatus } from './relay-status.js';

/** A running or stopped relay. */
export interface Relay extends AsyncDisposable {
  readonly id: string;
  readonly item: string;
  /** Where the relay's own copy stands; null before its first one. */
  readonly position: Position | null;
  /** The relay as a slave, and those below it in figures. */
  readonly status: RelayStatus;
  /** Milliseconds since the one above was heard; Infinity before the first word. */
  readonly age: number;
  /** Resolves once both transports are open; does not wait for a master. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once the relay is at what a live master last announced, and serves. */
  current(options?: WaitOptions): Promise<Position>;
  /** One row for each slave below, furthest behind first. */
  slaves(): readonly SlaveInfo[];
  /** Drops a slave below that will not come back: nobody waits for it any more (P20). */
  forget(id: string): boolean;
  /** Throws the relay's copy away for a whole state from above (P22). */
  resync(): void;
  /** Moves to another lineage at the next contact (P22). */
  adoptLineage(lineage: string): void;
  /** Listens; returns the function that ends it. */
  on<K extends keyof RelayEvents>(event: K, listener: (value: RelayEvents[K]) => void): () => void;
}

const DELAY_MS_MAX = 2 ** 31 - 1;
const CHECKS = {
  ...sharedChecks,
  upstream: transportOption('slave'),
  downstream: transportOption('master'),
  voteTimeout: integerOption(1, DELAY_MS_MAX),
  participants: participantsOption,
  maxLag: integerOption(0),
  atLeast: integerOption(0),
  unreachable: unreachableOption,
  silence: integerOption(1, DELAY_MS_MAX),
  retry: integerOption(1, DELAY_MS_MAX),
  jitter: integerOption(0, DELAY_MS_MAX),
  logBytesMax: integerOption(1),
};

const LOG_BYTES_MAX = 16 * 1024 * 1024;

function settingsOf(options: RelayOptions): RelaySettings {
  return {
    item: options.item,
    id: options.id ?? (options.ids ?? systemIds)(),
    upstream: options.upstream,
    downstream: options.downstream,
    store: options.store ?? null,
    voteMs: options.voteTimeout ?? 1500,
    participants: options.participants ?? 'connected',
    maxLag: options.maxLag ?? 1000,
    atLeast: options.atLeast ?? 0,
    unreachable: options.unreachable ?? 'abort',
    silenceMs: options.silence ?? 3000,
    retryMs: options.retry ?? 1000,
    jitterMs: options.jitter ?? 50,
    logBytesMax: options.logBytesMax ?? LOG_BYTES_MAX,
    clock: options.clock ?? systemClock,
    ids: options.ids ?? systemIds,
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  };
}

class RunningRelay implements Relay {
  readonly #settings: RelaySettings;
  readonly #emitter: Emitter<RelayEvents>;
  readonly #waits: Waits;
  readonly #turns: Turns;
  #run: RelayRun | null = null;
  /** Link of the inspector elsewhere, and what is connected to it. */
  readonly #inspector: string | undefined;
  #attached: Attached<RelaySettings> | null = null;

  constructor(options: RelayOptions) {
    this.#inspector = options.inspector;
    this.#settings = settingsOf(options);
    this.#waits = new Waits(this.#settings.clock);
    this.#turns = new Turns(this.#settings.clock);
    this.#emitter = new Emitter((reason) => this.#run?.trouble('INVALID_OPTION', reason));
  }

  get id(): string {
    return this.#settings.id;
  }

  get item(): string {
    return this.#settings.item;
  }

  get position(): Position | null {
    return this.#run?.layer.position() ?? null;
  }

  get status(): RelayStatus {
    return this.#run?.status() ?? STOPPED;
  }

  get age(): number {
    return this.#run?.slave.ageMs ?? Number.POSITIVE_INFINITY;
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
        await this.#detach();
      }
    });
  }

  current(options: WaitOptions = {}): Promise<Position> {
    const run = this.#run;
    if (run === null) return Promise.reject(this.#notRunning());
    if (run.slave.failure !== null) return Promise.reject(run.slave.failure);
    return this.#waits.until(
      () => {
        const { data } = run.slave.status();
        const isCurrent = run.isServing && data === 'current' && run.slave.facts.prepared === null;
        return isCurrent ? (this.position ?? undefined) : undefined;
      },
      () => `relay "${this.id}" is not current (${this.status.summary})`,
      options,
    );
  }

  slaves(): readonly SlaveInfo[] {
    return this.#run?.rows() ?? [];
  }

  forget(id: string): boolean {
    return this.#running().forget(id);
  }

  resync(): void {
    this.#running().slave.actor.send({ type: 'resync' });
  }

  adoptLineage(lineage: string): void {
    if (typeof lineage !== 'string' || lineage === '') {
      throw new ReplicationError('INVALID_OPTION', 'adoptLineage takes the id of a lineage');
    }
    this.#running().slave.actor.send({ type: 'adopt', lineage });
  }

  on<K extends keyof RelayEvents>(event: K, listener: (value: RelayEvents[K]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const who = `relay "${this.id}" of "${this.item}"`;
    if (this.#run !== null) {
      throw new ReplicationError('INVALID_OPTION', `${who} is running already`);
    }
    refuseAborted(who, signal);
    const { store, item } = this.#settings;
    const opened = store === null ? null : await store.open();
    const storage = opened && (await openItemStorage(opened, { item, role: 'relay' }));
    this.#attached = await attachInspector(this.#settings, this.#inspector, (code, reason) =>
      this.#emitter.emit('trouble', { code, reason, heuristic: false }),
    );
    const run = new RelayRun(this.#attached.settings, storage, this.#emitter, this.#waits);
    this.#run = run;
    try {
      await run.start(signal);
    } catch (error) {
      this.#run = null;
      await run.abandon();
      await storage?.close();
      await this.#detach();
      throw error;
    }
  }

  async #detach(): Promise<void> {
    await this.#attached?.detach();
    this.#attached = null;
  }

  #running(): RelayRun {
    if (this.#run === null) throw this.#notRunning();
    return this.#run;
  }

  #notRunning(): ReplicationError {
    const message = `relay "${this.id}" of "${this.item}" is not running; start() it first`;
    return new ReplicationError('NOT_RUNNING', message);
  }
}

const STOPPED: RelayStatus = {
  link: 'stale',
  data: 'behind',
  round: 'none',
  roundId: null,
  inDoubtFor: 0,
  problem: null,
  target: null,
  summary: 'stopped',
  below: NOBODY,
};

/**
 * Makes a relay: a slave of `upstream` that is master to the slaves of `downstream`, in the same
 * lineage. It knows no user layer: increments and states are passed on as they came. It does
 * nothing until `start`.
 * @example
 * const relay = createRelay({ item: 'settings', upstream: tcpConnect({ port: 7400 }),
 *   downstream: tcpListen({ port: 7401 }), id: 'relay-1' })
 * await relay.start()
 * @throws {ReplicationError} INVALID_OPTION naming the option
 */
export function createRelay(options: RelayOptions): Relay {
  checkOptions('createRelay', options, CHECKS, SECRET_OPTIONS);
  return new RunningRelay(options);
}
