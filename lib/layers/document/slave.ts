/** Owner of a copy that is one tree. */
import { platform } from '#platform';
import type { Position } from '../../../machines/protocol.js';
import { decodeValue } from '../../codec/values.js';
import { Veto } from '../../errors.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { CommitContext, MaybePromise, SlaveUserLayer, SnapshotContext } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import { chain } from '../maybe.js';
import { findProblem } from '../schema.js';
import { DocumentCopy, type DocumentData } from './copy.js';
import type { DocumentDelta } from './delta.js';
import { baseOperations } from './records.js';
import { readDocument } from './snapshot.js';

/** Reading the copy. Before the first copy `get` answers the fallback, undefined without one. */
export type DocumentSlaveData<T> = DocumentData<T>;

/** A tree that was voted on, ready to be shown. */
interface Prepared {
  readonly round: string;
  readonly version: number;
  readonly digest: string;
  /** The tree it was made from: another one means that it has to be made again. */
  readonly previous: unknown;
  readonly candidate: unknown;
}

export class DocumentSlave<T>
  extends DocumentCopy<T>
  implements SlaveUserLayer<DocumentDelta>, DocumentSlaveData<T>
{
  #prepared: Prepared | null = null;

  prepare(round: string, delta: DocumentDelta, next: Position): MaybePromise<void> {
    const candidate = this.candidate(delta);
    const previous = this.state;
    return chain(this.#check(candidate), () => {
      const { version, digest } = next;
      this.#prepared = { round, version, digest, previous, candidate };
    });
  }

  /** Schema, then the host's hook; either says no by throwing. */
  #check(candidate: unknown): MaybePromise<void> {
    const { schema, prepare } = this.settings;
    const previous = this.position() === null ? undefined : (this.state as T);
    const problem = schema === undefined ? null : findProblem(schema, candidate);
    return chain(problem, (found) => {
      if (found !== null) throw new Veto(`the schema does not accept this: ${found}`);
      return prepare?.(candidate as T, previous);
    });
  }

  commit(delta: DocumentDelta, next: Position, context: CommitContext): MaybePromise<void> {
    if (this.holds(next)) return undefined;
    const prepared = this.#prepared;
    this.#prepared = null;
    if (
      prepared !== null &&
      prepared.version === next.version &&
      prepared.digest === next.digest &&
      Object.is(prepared.previous, this.state)
    ) {
      return this.take(delta, prepared.candidate, next, context);
    }
    const candidate = this.candidate(delta);
    return chain(this.#check(candidate), () => this.take(delta, candidate, next, context));
  }

  abort(round: string): void {
    if (this.#prepared?.round === round) this.#prepared = null;
  }

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): Promise<void> {
    const { wireBudget } = this.settings;
    const bytes = await readDocument(chunks, wireBudget);
    const state = deepFreeze(decodeValue(platform.utf8Decode(bytes), wireBudget));
    await this.#check(state);
    await context.replace?.(batchesOf(bytes, next.version));
    this.#prepared = null;
    this.adopt(state, next, bytes);
  }
}

/** One piece a batch: none is larger than a quarter of a megabyte. */
async function* batchesOf(bytes: Uint8Array, version: number): AsyncGenerator<StoreOperation[]> {
  for (const operation of baseOperations(bytes, version)) yield [operation];
}
