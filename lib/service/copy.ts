/** The slave's user layer behind its contract: serial calls, atomic writes, decoded deltas. */
import type { Durability, Payload, Point, Position } from '../../machines/protocol.js';
import type { CommitStep, Offer, Problem, SlaveEffects } from '../../machines/slave-context.js';
import { firmWithin } from '../../machines/slave-logic.js';
import { ReplicationError, reasonOf, Veto } from '../errors.js';
import type { CommitContext, MaybePromise, SlaveUserLayer } from '../layers/contract.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import { openLayer } from './ending.js';
import { bytesOf, codecOf } from './payload.js';
import { givenUp, SerialCalls } from './serial-calls.js';
import type { SlaveStorage } from './slave-storage.js';
import { WatchedReader } from './watched-reader.js';

/** What a user layer threw, as a code and a reason; a veto is an answer, the rest are failures. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Veto) return { code: 'VETOED', reason: reasonOf(error) };
  const code = error instanceof ReplicationError ? error.code : 'VETOED';
  return { code, reason: reasonOf(error) };
}

export interface CommitEnd {
  readonly position: Position | null;
  readonly durability: Durability;
  readonly problem: Problem | null;
}

export class Copy {
  readonly layer: SlaveUserLayer;
  readonly #calls: SerialCalls;
  readonly #storage: SlaveStorage;
  /** Decoded at prepare, used again at commit. */
  #prepared: { readonly payload: Payload; readonly delta: unknown } | null = null;
  readonly #clock: Clock;

  constructor(layer: SlaveUserLayer, storage: SlaveStorage, clock: Clock) {
    this.layer = layer;
    this.#storage = storage;
    this.#clock = clock;
    this.#calls = new SerialCalls(clock);
  }

  async open(): Promise<void> {
    await openLayer('the slave', () => this.layer.open?.(this.#storage.layerStorage()));
  }

  /** Asks whether the delta can be taken; whatever is thrown is a no with its reason (P8). */
  prepare(offer: Offer, next: Position, yes: () => void, no: (problem: Problem) => void): void {
    this.#calls.call(
      `prepare ${offer.round}`,
      () => {
        const delta = this.#decode(offer.payload);
        this.#prepared = { payload: offer.payload, delta };
        return this.layer.prepare(offer.round, delta, next);
      },
      yes,
      (error) => no(problemOf(error)),
      null,
    );
  }

  /** Forgets a round; a user layer that is still busy preparing it is not waited for. */
  abort(round: string, done: () => void, failed: (reason: string) => void): void {
    this.#calls.abandon(`prepare ${round}`);
    this.#calls.call(
      'abort',
      () => this.layer.abort(round),
      done,
      (error) => {
        failed(`the user layer failed in abort: ${reasonOf(error)}`);
        done();
      },
      serviceLimits.userLayerCallMs,
    );
  }

  /** Takes increments one after the other; stops at the first that fails. */
  commit(params: SlaveEffects['commitCopy'], ended: (end: CommitEnd) => void): void {
    const { steps } = params;
    const level = levelOf(steps, this.#storage.isDurable);
    let position: Position | null = null;
    let index = 0;
    // A loop and not a recursion: a slave may hold thousands of increments (P5).
    let isLooping = false;
    const finish = (problem: Problem | null) => ended({ position, durability: level, problem });
    const next = (): void => {
      if (isLooping) return;
      isLooping = true;
      let isWaiting = false;
      while (!isWaiting && index < steps.length) {
        const step = steps[index] as CommitStep;
        const isSynced = level === 'disk' && index === steps.length - 1;
        isWaiting = true;
        this.#calls.call(
          'commit',
          (isCurrent) => this.#takeStep(step, params, isSynced, isCurrent),
          () => {
            position = step.next;
            index += 1;
            isWaiting = false;
            next();
          },
          (error) => finish(problemOf(error)),
          serviceLimits.userLayerCallMs,
        );
      }
      isLooping = false;
      if (!isWaiting) finish(null);
    };
    next();
  }

  install(
    params: SlaveEffects['installCopy'],
    chunks: AsyncIterable<Uint8Array>,
    ended: (problem: Problem | null) => void,
  ): void {
    const { to, firm } = params;
    const durability: Durability = this.#storage.isDurable ? 'disk' : 'memory';
    const reader = new WatchedReader(this.#clock, chunks, serviceLimits.userLayerCallMs, (why) =>
      this.#calls.abandon('installSnapshot', why),
    );
    const end = (problem: Problem | null): void => {
      reader.end();
      ended(problem);
    };
    this.#calls.call(
      'installSnapshot',
      (isCurrent) => this.#install(reader, to, firm, durability, isCurrent),
      () => end(null),
      (error) => end(problemOf(error)),
      // A large state may take long: the reader watches whether its host still reads (P6).
      null,
    );
  }

  async #install(
    reader: WatchedReader,
    to: Position,
    firm: Point,
    durability: Durability,
    isCurrent: () => boolean,
  ): Promise<void> {
    let isReplaced = false;
    const replacer = this.#storage.replacer(to, firm);
    const replace = async (batches: Parameters<NonNullable<typeof replacer>>[0]) => {
      if (!isCurrent()) throw givenUp('installSnapshot');
      isReplaced = true;
      await replacer?.(batches);
    };
    const context = replacer === undefined ? { durability } : { durability, replace };
    await this.layer.installSnapshot(reader, to, context);
    if (!isReplaced && isCurrent()) await this.#storage.commit(to, firm, true, true, []);
  }

  /** The run is over: answers of the layer that are still out are not waited for. */
  release(): void {
    this.#calls.close();
  }

  async close(): Promise<void> {
    await this.layer.close?.();
  }

  /** One increment; a layer that kept its data elsewhere still gets its position recorded (P4). */
  #takeStep(
    step: CommitStep,
    { round, firm }: SlaveEffects['commitCopy'],
    isSynced: boolean,
    isCurrent: () => boolean,
  ): MaybePromise<void> {
    const delta = this.#decode(step.payload);
    this.#prepared = null;
    let isWritten = false;
    const write: CommitContext['write'] = (operations) => {
      if (!isCurrent()) throw givenUp('commit');
      isWritten = true;
      const kept = firmWithin(firm, step.next);
      return this.#storage.commit(step.next, kept, round !== null, isSynced, operations);
    };
    const context = { durability: step.durability, write };
    return then(this.layer.commit(delta, step.next, context), () =>
      isWritten ? undefined : write([]),
    );
  }

  #decode(payload: Payload): unknown {
    if (this.#prepared?.payload === payload) return this.#prepared.delta;
    return codecOf(this.layer).decode(bytesOf(payload));
  }
}

/** The strongest level of the steps, as far as this store reaches (P19). */
function levelOf(steps: readonly CommitStep[], isDurable: boolean): Durability {
  if (!isDurable) return 'memory';
  return steps.some((step) => step.durability !== 'os') ? 'disk' : 'os';
}

/** As `await`, but synchronous where the first result is. */
function then(first: MaybePromise<void>, second: () => MaybePromise<void>): MaybePromise<void> {
  return first instanceof Promise ? first.then(second) : second();
}
