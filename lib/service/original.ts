/** The master's user layer behind its contract: serial calls, atomic writes, encoded deltas. */
import type { Group } from '../../machines/master-context.js';
import { pointOf } from '../../machines/position.js';
import type { Durability, Point, Position } from '../../machines/protocol.js';
import { ReplicationError, reasonOf } from '../errors.js';
import {
  type CommitContext,
  type DeltaCodec,
  type MasterService,
  type MasterUserLayer,
  NEEDS_SNAPSHOT,
  type SnapshotSource,
} from '../layers/contract.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import { openLayer } from './ending.js';
import type { History } from './history.js';
import type { MasterStorage } from './master-storage.js';
import { bytesOf, codecOf, nextDigest, payloadOf } from './payload.js';
import { givenUp, SerialCalls } from './serial-calls.js';

/** Why a call into the user layer did not do what it should. */
export interface LayerFailure {
  readonly code: string;
  readonly reason: string;
}

function failureOf(error: unknown): LayerFailure {
  const code = error instanceof ReplicationError ? error.code : 'ABORTED';
  return { code, reason: reasonOf(error) };
}

export class Original {
  readonly layer: MasterUserLayer;
  readonly codec: DeltaCodec<unknown>;
  readonly calls: SerialCalls;
  readonly #storage: MasterStorage;
  readonly #history: History;
  /** The delta of the group under way, so that it need not be decoded again. */
  #known: { readonly id: string; readonly delta: unknown } | null = null;

  constructor(layer: MasterUserLayer, storage: MasterStorage, clock: Clock, history: History) {
    this.layer = layer;
    this.codec = codecOf(layer);
    this.calls = new SerialCalls(clock);
    this.#storage = storage;
    this.#history = history;
  }

  /** Lets the layer load what it kept, hand over its service, and say what it starts from. */
  async open(
    service: Omit<MasterService<unknown, unknown>, 'start'>,
  ): Promise<{ initial: unknown }> {
    let started: { initial: unknown } | null = null;
    await openLayer('the master', async () => {
      await this.layer.open?.(this.#storage.layerStorage());
      this.layer.attach({
        ...service,
        start: (initial: unknown) => {
          started = { initial };
        },
      });
    });
    if (started !== null) return started;
    const message = 'the master user layer did not call service.start(initial) in its attach';
    throw new ReplicationError('INVALID_OPTION', message);
  }

  /** Brings an original to the first version of a lineage (claim 36). */
  async found(
    initial: unknown,
    from: Point,
    at: Pick<Position, 'lineage' | 'epoch' | 'version'>,
  ): Promise<Position> {
    const payload = payloadOf(this.codec.encode(initial));
    const next = { ...at, digest: nextDigest(from, at.version, payload.checksum) };
    const durability = this.#storage.isDurable ? 'disk' : 'memory';
    // Never on the wire, and alone: no other group exists yet.
    const group: Group = { id: 'first', from, to: pointOf(next), payload, durability };
    this.remember(group.id, initial);
    await new Promise<void>((resolve, reject) => {
      this.commit(group, next, false, resolve, ({ reason }) =>
        reject(new ReplicationError('STORE_FAILED', `the first version was not made: ${reason}`)),
      );
    });
    return next;
  }

  remember(id: string, delta: unknown): void {
    this.#known = { id, delta };
  }

  /** Gives the group to the layer; data and position reach the store in one batch (P4, P9). */
  commit(
    group: Group,
    next: Position,
    isDecided: boolean,
    done: () => void,
    failed: (failure: LayerFailure) => void,
  ): void {
    const history = this.#history;
    const context = this.#storage.commitContext(next, group.durability, isDecided, history);
    this.calls.call(
      'commit',
      (isCurrent) => {
        const guarded: CommitContext = {
          durability: context.durability,
          write: (operations) => {
            if (!isCurrent()) throw givenUp('commit');
            return context.write(operations);
          },
        };
        const result = this.layer.commit(this.#deltaOf(group), next, guarded);
        if (context.isWritten()) return result;
        const write = () => (context.isWritten() ? undefined : guarded.write([]));
        return result === undefined ? write() : Promise.resolve(result).then(write);
      },
      () => {
        history.add(group.to);
        done();
      },
      (error) => failed(failureOf(error)),
      serviceLimits.userLayerCallMs,
    );
  }

  /** Tells the layer that the delta will not be replicated; its failure changes nothing (P9). */
  rollback(group: Group, reason: string, done: () => void, failed: (why: string) => void): void {
    this.calls.call(
      'rollback',
      () => this.layer.rollback(this.#deltaOf(group), reason),
      done,
      (error) => {
        failed(`the user layer failed in rollback: ${reasonOf(error)}`);
        done();
      },
      serviceLimits.userLayerCallMs,
    );
  }

  /** The encoded increment, or null when only a whole state helps (P3). */
  createDelta(from: number, to: number): Promise<Uint8Array | null> {
    return this.#ask('createDelta', async () => {
      const delta = await this.layer.createDelta(from, to);
      return delta === NEEDS_SNAPSHOT ? null : this.codec.encode(delta);
    });
  }

  createSnapshot(): Promise<SnapshotSource> {
    return this.#ask('createSnapshot', async () => this.layer.createSnapshot());
  }

  durability(): Durability {
    return this.#storage.isDurable ? 'disk' : 'memory';
  }

  #ask<T>(what: string, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.calls.call(what, run, resolve, reject, serviceLimits.userLayerCallMs);
    });
  }

  #deltaOf(group: Group): unknown {
    if (this.#known?.id === group.id) return this.#known.delta;
    return this.codec.decode(bytesOf(group.payload));
  }
}
