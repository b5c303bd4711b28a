/** Owner of an original that is one tree. */
import type { Method, Position } from '../../../machines/protocol.js';
import { ReplicationError } from '../../errors.js';
import type { ReplicationTask, UpdateOptions } from '../../service/task.js';
import {
  type BuiltGroup,
  type CommitContext,
  type LayerStorage,
  type MasterService,
  type MasterUserLayer,
  type MaybePromise,
  NEEDS_SNAPSHOT,
  type SnapshotSource,
} from '../contract.js';
import { chain, isPending } from '../maybe.js';
import { findProblem } from '../schema.js';
import { DocumentCopy, type DocumentData } from './copy.js';
import { applyDelta, type DocumentDelta, documentDelta } from './delta.js';
import { diff } from './diff.js';
import {
  buildDocument,
  type DocumentChange,
  type Recipe,
  setChange,
  updateChange,
} from './draft.js';
import type { DocumentSettings } from './options.js';
import { KEEP } from './patch-node.js';
import { writeDocument } from './snapshot.js';

/**
 * Reading and changing the original. A change that cannot be made fails its own task: with what
 * the function threw, `INVALID_OPTION` or `TOO_LARGE` for what cannot travel, `VETOED` by the
 * schema. Every change throws `NOT_RUNNING` at once where no master was made with this layer.
 */
export interface DocumentMasterData<T> extends DocumentData<T> {
  /**
   * Runs `recipe` on a draft of the tree, which it changes in place. It must be synchronous and
   * pure: it runs when its group is built, and again when the group is split (P17). Dates and
   * typed arrays in the draft are to be replaced, not changed.
   */
  update(recipe: Recipe<T>, options?: UpdateOptions): ReplicationTask;
  /** Replaces the whole tree; what did not change is found, and not sent. */
  set(next: T, options?: UpdateOptions): ReplicationTask;
}

type Service<T> = MasterService<DocumentDelta, DocumentChange<T>>;

export class DocumentMaster<T>
  extends DocumentCopy<T>
  implements MasterUserLayer<DocumentDelta, DocumentChange<T>>, DocumentMasterData<T>
{
  /** Absent where no choice was given: changes of one method go out in groups (P17). */
  readonly methodFor?: (subject: DocumentDelta | DocumentChange<T>) => Method;
  readonly #initial: T;
  #service: Service<T> | null = null;

  constructor(settings: DocumentSettings<T>, initial: T) {
    super(settings, initial);
    this.#initial = initial;
    const { methodFor } = settings;
    if (methodFor !== undefined) this.methodFor = (subject) => this.#methodOf(subject, methodFor);
  }

  /** @throws {ReplicationError} INVALID_OPTION when the schema does not accept `initial`. */
  override open(storage: LayerStorage | null): MaybePromise<void> {
    return chain(super.open(storage), () => {
      const { schema } = this.settings;
      if (schema === undefined || this.position() !== null) return undefined;
      return chain(findProblem(schema, this.#initial), (problem) => {
        if (problem === null) return;
        const what = 'The schema does not accept the initial document';
        throw new ReplicationError('INVALID_OPTION', `${what}: ${problem}`);
      });
    });
  }

  attach(service: Service<T>): void {
    this.#service = service;
    service.start(documentDelta(['=', this.#initial], this.settings.wireBudget));
  }

  update(recipe: Recipe<T>, options?: UpdateOptions): ReplicationTask {
    return this.#submit(updateChange(recipe), options);
  }

  set(next: T, options?: UpdateOptions): ReplicationTask {
    return this.#submit(setChange(next, this.settings), options);
  }

  #submit(change: DocumentChange<T>, options?: UpdateOptions): ReplicationTask {
    if (this.#service !== null) return this.#service.submit(change, options);
    const hint = 'hand the layer to createMaster and start it first';
    throw new ReplicationError('NOT_RUNNING', `This document has no master yet; ${hint}`);
  }

  build(changes: ReadonlyArray<DocumentChange<T>>): MaybePromise<BuiltGroup<DocumentDelta>> {
    return buildDocument(this.state, changes, this.settings);
  }

  /** The structural difference of two retained states, forwards or backwards. */
  createDelta(from: number, to: number): DocumentDelta | typeof NEEDS_SNAPSHOT {
    const { history } = this;
    if (!history.has(from) || !history.has(to)) return NEEDS_SNAPSHOT;
    const node = diff(history.state(from), history.state(to)) ?? KEEP;
    return documentDelta(node, this.settings.wireBudget);
  }

  createSnapshot(): SnapshotSource {
    const position = this.position();
    if (position === null) {
      throw new ReplicationError('NOT_RUNNING', 'This document has no first version yet');
    }
    return { position, chunks: writeDocument(this.state, this.settings.wireBudget) };
  }

  commit(delta: DocumentDelta, next: Position, context: CommitContext): MaybePromise<void> {
    if (this.holds(next)) return undefined;
    return this.take(delta, this.candidate(delta), next, context);
  }

  /** Nothing was prepared for it: changes take effect at commit only. */
  rollback(): void {}

  /** Asked about a change as well as about a delta; a change that fails fails in `build`. */
  #methodOf(
    subject: DocumentDelta | DocumentChange<T>,
    methodFor: NonNullable<DocumentSettings<T>['methodFor']>,
  ): Method {
    const { wireBudget } = this.settings;
    let delta: DocumentDelta | undefined;
    if ('kind' in subject) {
      const built = this.build([subject]);
      // Pending: an asynchronous schema, or a change that fails, of which `build` will tell.
      if (isPending(built)) built.catch(() => {});
      else delta = built.delta;
    } else delta = subject;
    if (delta === undefined) return 'one-phase';
    const previous = this.position() === null ? undefined : (this.state as T);
    return methodFor(applyDelta(this.state, delta, wireBudget) as T, previous);
  }
}
