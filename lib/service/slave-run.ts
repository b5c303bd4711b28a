/**
 * One run of a slave service layer, from start to stop: binds the effects of the slave's machine
 * to transport, store and user layer. Every decision is the machine's.
 */
import type { Durability, Position } from '../../machines/protocol.js';
import { slaveMachine } from '../../machines/slave.js';
import { ReplicationError, reasonOf } from '../errors.js';
import { serviceLimits } from '../limits.js';
import { seededRandom } from '../runtime/random.js';
import type { ItemStorage } from '../stores/contract.js';
import type { PeerId } from '../transports/contract.js';
import { ProtocolActor } from './actor.js';
import { Copy } from './copy.js';
import type { Emitter } from './emitter.js';
import { closeParts } from './ending.js';
import { hubOf } from './hub.js';
import { Outbox } from './outbox.js';
import { RunInspection } from './run-inspection.js';
import { acknowledgement, slaveHandlers } from './slave-handlers.js';
import { SlaveInbox } from './slave-inbox.js';
import type { SlaveActor, SlaveParts, SlaveSettings } from './slave-parts.js';
import { statusOf } from './slave-status.js';
import { SlaveStorage } from './slave-storage.js';
import type { CopyStanding, SlaveEvents, SlaveStatus } from './status.js';
import { TransferReceiver } from './transfer-receiver.js';
import type { Waits } from './waits.js';

function delaysOf({ silenceMs, prepareMs, retryMs, jitterMs }: SlaveSettings) {
  return {
    helloRetryMs: Math.max(1, Math.round(silenceMs / 3)),
    silenceMs,
    jitterMs,
    requestRetryMs: Math.max(1, Math.round(silenceMs / 3)),
    prepareMs,
    inquireMs: Math.max(1, Math.round(silenceMs / 3)),
    quarantineRetryMs: retryMs,
    refusedRetryMs: retryMs,
  };
}

/** What the copy does meanwhile would move it after it said where it stands. */
const BUSY = ['committing', 'preparing', 'voting', 'aborting'] as const;

export class SlaveRun implements SlaveParts {
  readonly settings: SlaveSettings;
  readonly emitter: Emitter<SlaveEvents>;
  readonly storage: SlaveStorage;
  readonly copy: Copy;
  readonly outbox: Outbox;
  readonly receiver: TransferReceiver;
  readonly random;
  readonly actor: SlaveActor;
  readonly inspection: RunInspection | undefined;
  /** Id of this process life (P13). */
  readonly incarnation: string;
  readonly #waits: Waits;
  readonly #inbox: SlaveInbox;
  peer: PeerId | null = null;
  reached: Durability;
  requestsMade = 0;
  /** Set once the store failed: nothing that is waited for can come any more. */
  failure: ReplicationError | null = null;
  #heardAtMs: number | null = null;
  #heard = 0;
  #inDoubtSinceMs: number | null = null;
  #fencesUnderWay = 0;
  #said = '';
  readonly #timers = new Set<unknown>();

  constructor(
    settings: SlaveSettings,
    storage: ItemStorage | null,
    emitter: Emitter<SlaveEvents>,
    waits: Waits,
  ) {
    const { clock, transport, item, id, layer, inspect } = settings;
    this.settings = settings;
    this.incarnation = settings.ids();
    this.emitter = emitter;
    this.#waits = waits;
    this.storage = new SlaveStorage(storage, (error) => this.storeFailed(error));
    this.reached = this.storage.isDurable ? 'disk' : 'memory';
    this.copy = new Copy(layer, this.storage, clock);
    const inspection =
      inspect === undefined
        ? undefined
        : new RunInspection(inspect, (reason) => this.trouble('INVALID_OPTION', reason));
    this.inspection = inspection;
    const identity = () => this.#identity();
    this.outbox = new Outbox(transport, { item, sender: id, identity, inspection });
    this.random = seededRandom(this.incarnation, 'jitter');
    this.receiver = this.#newReceiver();
    this.#inbox = new SlaveInbox(this);
    this.actor = new ProtocolActor({
      machine: slaveMachine,
      input: {
        id,
        self: this.incarnation,
        durable: this.storage.isDurable,
        heldBytesMax: serviceLimits.heldBytesMax,
        delays: delaysOf(settings),
      },
      handlers: slaveHandlers(this),
      clock,
      settled: () => this.#settled(),
      crashed: (reason) => this.trouble('PROTOCOL', `slave "${id}" of "${item}": ${reason}`),
      inspection,
    });
  }

  get facts() {
    return this.actor.snapshot.context.facts;
  }

  get position(): Position | null {
    return this.facts.position;
  }

  get ageMs(): number {
    if (this.#heardAtMs === null) return Number.POSITIVE_INFINITY;
    return this.settings.clock.now() - this.#heardAtMs;
  }

  /** Serves the cached copy, then lets a master in; does not wait for one. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { item, transport } = this.settings;
    await this.copy.open();
    this.#beginInspection();
    this.actor.start();
    await hubOf(transport).attach(
      item,
      {
        joined: (peer) => {
          this.peer = peer;
          this.actor.send({ type: 'connected' });
        },
        left: (peer, error) => this.#left(peer, error),
        received: (peer, messages) => {
          if (peer === this.peer) this.#inbox.received(messages);
          else this.inspection?.strayed(peer, messages);
        },
        drained: () => {},
        troubled: (error) => this.trouble(error.code, error.message),
        weigh: this.inspection && ((...frame) => this.inspection?.weigh(...frame)),
      },
      signal,
    );
  }

  async stop(): Promise<void> {
    const { item, transport } = this.settings;
    if (this.peer !== null) {
      // What was committed last may not be confirmed yet: the timer for it ends with this run.
      this.outbox.send(this.peer, acknowledgement(this, null));
      this.outbox.send(this.peer, { kind: 'goodbye', reason: 'stopped' });
    }
    this.actor.send({ type: 'stop' });
    this.release();
    await closeParts(
      `the slave of "${item}"`,
      () => hubOf(transport).detach(item),
      () => this.copy.close(),
      () => this.storage.close(),
    );
  }

  /** Stops timers and transfers; nothing is sent any more. */
  release(): void {
    this.receiver.cancel('the slave was stopped');
    this.actor.stop();
    this.copy.release();
    for (const timer of this.#timers) this.settings.clock.clearTimeout(timer);
    this.#timers.clear();
    this.inspection?.end();
  }

  later(delayMs: number, callback: () => void): void {
    const timer = this.settings.clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }

  status(): SlaveStatus {
    const { clock } = this.settings;
    const since = this.#inDoubtSinceMs;
    return statusOf(this.actor.snapshot, since === null ? 0 : clock.now() - since);
  }

  trouble(code: string, reason: string, heuristic = false): void {
    const trouble = { code, reason, heuristic };
    this.inspection?.tell({ type: '@replichart.trouble', trouble });
    this.emitter.emit('trouble', trouble);
  }

  fencing(): () => void {
    this.#fencesUnderWay += 1;
    return () => {
      this.#fencesUnderWay -= 1;
      this.#waits.check();
    };
  }

  /** Where the copy stands once nothing of an earlier term can move it; undefined until then. */
  standingBelow(term: number): CopyStanding | undefined {
    const { snapshot } = this.actor;
    const { lineage, epoch, incarnation, position, prepared, reignPending } = this.facts;
    if (epoch.term < term || reignPending || this.#fencesUnderWay > 0) return undefined;
    if (BUSY.some((copy) => snapshot.matches({ serving: { copy } }))) return undefined;
    const candidate = epoch.start === 0 ? incarnation : null;
    return { lineage, term: epoch.term, candidate, position, prepared };
  }

  storeFailed(error: unknown): void {
    const code = error instanceof ReplicationError ? error.code : 'STORE_FAILED';
    const problem = { code, reason: reasonOf(error) };
    this.actor.send({ type: 'storeFailed', problem });
    this.trouble(code, problem.reason);
    const { id } = this.settings;
    const message = `the store of slave "${id}" failed: ${problem.reason}; restart it`;
    // It answers nothing any more: rounds shall not wait for its vote, and people see why (P14).
    if (this.failure === null && this.peer !== null) {
      this.outbox.send(this.peer, { kind: 'goodbye', reason: message });
    }
    this.failure ??= new ReplicationError('STORE_FAILED', message, { cause: error });
    this.#waits.fail(this.failure);
  }

  #left(peer: PeerId, error: ReplicationError | null): void {
    if (peer !== this.peer) return;
    this.peer = null;
    this.actor.send({ type: 'disconnected' });
    if (error !== null) this.trouble(error.code, error.message);
  }

  #beginInspection(): void {
    const { incarnation, settings } = this;
    const { item, id } = settings;
    const report = () => {
      const { position, ageMs, receiver } = this;
      const age = Number.isFinite(ageMs) ? ageMs : null;
      const transfer = receiver.progress;
      const own = { role: 'slave' as const, status: this.status(), position, age, transfer };
      return { ...own, ...settings.tap?.report() };
    };
    this.inspection?.begin({ role: 'slave', item, id, incarnation, report });
  }

  #identity() {
    const { lineage, epoch } = this.facts;
    return { lineage: lineage ?? '', epoch, incarnation: this.incarnation };
  }

  #newReceiver(): TransferReceiver {
    return new TransferReceiver({
      send: (request) => {
        if (this.peer !== null) this.outbox.send(this.peer, request);
      },
      deltaArrived: (event) => this.actor.send(event),
      snapshotBegan: (event) => this.actor.send(event),
      progressed: (progress) => {
        this.actor.send({ type: 'transferProgressed' });
        this.emitter.emit('progress', progress);
      },
      lost: (reason) => this.actor.send({ type: 'transferLost', reason }),
    });
  }

  #settled(): void {
    const { clock } = this.settings;
    const { facts } = this;
    if (facts.heard !== this.#heard) {
      this.#heard = facts.heard;
      this.#heardAtMs = clock.now();
    }
    this.#noteDoubt();
    this.settings.tap?.settled();
    this.#waits.check();
    if (!this.emitter.has('status')) return;
    const status = this.status();
    // Only what a person would see as a change is told; ages change all the time.
    const { inDoubtFor: _age, ...lasting } = status;
    const said = JSON.stringify(lasting);
    if (said === this.#said) return;
    this.#said = said;
    this.emitter.emit('status', status);
  }

  #noteDoubt(): void {
    if (!this.actor.snapshot.hasTag('doubtful')) this.#inDoubtSinceMs = null;
    else this.#inDoubtSinceMs ??= this.settings.clock.now();
  }
}
