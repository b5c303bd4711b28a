/** Owner of an original that is a flat map. */
import type { Method, Position } from '../../../machines/protocol.js';
import { ReplicationError } from '../../errors.js';
import type { ReplicationTask, UpdateOptions } from '../../service/task.js';
import {
  type BuiltGroup,
  type CommitContext,
  type MasterService,
  type MasterUserLayer,
  type MaybePromise,
  NEEDS_SNAPSHOT,
  type SnapshotSource,
} from '../contract.js';
import { textOf } from './cell.js';
import { type KeyValueChange, makeChange, makeDelete, makeSet } from './change.js';
import { KeyValueCopy, type KeyValueData } from './copy.js';
import { deltaOf, type KeyValueDelta } from './delta.js';
import { buildGroup } from './group.js';
import { operationsOf } from './operations.js';
import type { KeyValueOperation, KeyValueSettings } from './options.js';
import { writeSnapshot } from './snapshot.js';

/**
 * Reading and changing the original. A value is encoded when the call is made; a key or value
 * that cannot travel fails its own task: `INVALID_OPTION`, `TOO_LARGE`, or `VETOED` by the schema.
 * Every change throws `NOT_RUNNING` at once where no master was made with this layer.
 */
export interface KeyValueMasterData<V> extends KeyValueData<V> {
  set(key: string, value: V, options?: UpdateOptions): ReplicationTask;
  /** Deleting a key that has no value changes nothing, and succeeds. */
  delete(key: string, options?: UpdateOptions): ReplicationTask;
  /** All of it in one version, or none; the last operation on a key wins. */
  batch(operations: ReadonlyArray<KeyValueOperation<V>>, options?: UpdateOptions): ReplicationTask;
}

type Service = MasterService<KeyValueDelta, KeyValueChange>;

function deltaOfChange({ key, text, delta }: KeyValueChange): KeyValueDelta {
  return delta ?? deltaOf([key], [text]);
}

export class KeyValueMaster<V>
  extends KeyValueCopy<V>
  implements MasterUserLayer<KeyValueDelta, KeyValueChange>, KeyValueMasterData<V>
{
  /** Absent where no choice was given: changes of one method go out in groups (P17). */
  readonly methodFor?: (subject: KeyValueDelta | KeyValueChange) => Method;
  #service: Service | null = null;

  constructor(settings: KeyValueSettings<V>) {
    super(settings);
    const { methodFor } = settings;
    if (methodFor === undefined) return;
    this.methodFor = (subject) =>
      methodFor(operationsOf('keys' in subject ? subject : deltaOfChange(subject), settings));
  }

  attach(service: Service): void {
    this.#service = service;
    service.start(deltaOf([], []));
  }

  set(key: string, value: V, options?: UpdateOptions): ReplicationTask {
    return this.#running().submit(makeSet(key, value, this.settings), options);
  }

  delete(key: string, options?: UpdateOptions): ReplicationTask {
    return this.#running().submit(makeDelete(key, this.settings), options);
  }

  batch(operations: ReadonlyArray<KeyValueOperation<V>>, options?: UpdateOptions): ReplicationTask {
    return this.#running().submit(makeChange(operations, this.settings), options);
  }

  #running(): Service {
    if (this.#service !== null) return this.#service;
    const hint = 'hand the layer to createMaster and start it first';
    throw new ReplicationError('NOT_RUNNING', `This keyValue has no master yet; ${hint}`);
  }

  build(changes: readonly KeyValueChange[]): MaybePromise<BuiltGroup<KeyValueDelta>> {
    return buildGroup(changes, () => this.table);
  }

  /**
   * The newest state of each key that changed after `from`. No delta leads below the floor of
   * remembered deletions, backwards, or to a version that later changes have covered.
   */
  createDelta(from: number, to: number): KeyValueDelta | typeof NEEDS_SNAPSHOT {
    const { table } = this;
    const present = this.position()?.version ?? 0;
    if (from < table.floor || from > to || to > present) return NEEDS_SNAPSHOT;
    if ((table.last?.version ?? 0) > to) return NEEDS_SNAPSHOT;
    const cells = [...table.changedSince(from)].reverse();
    return deltaOf(
      cells.map((cell) => cell.key),
      cells.map(textOf),
    );
  }

  createSnapshot(): SnapshotSource {
    const position = this.position();
    if (position === null) {
      throw new ReplicationError('NOT_RUNNING', 'This keyValue has no first version yet');
    }
    const view = this.view();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        yield* writeSnapshot(view.table, view.version);
      } finally {
        view.close();
      }
    }
    return { position, chunks: chunks() };
  }

  commit(delta: KeyValueDelta, next: Position, context: CommitContext): MaybePromise<void> {
    return this.holds(next) ? undefined : this.take(delta, next, context);
  }

  /** Nothing was prepared for it: changes take effect at commit only. */
  rollback(): void {}
}
