/**
 * The slave's user layer of the command: a document whose every committed version is also a file.
 * The file is written within the commit, before the store and before anybody sees the version: so a
 * slave confirms only what its file holds, and a full disk is no silently stale copy. A crash
 * between the two leaves the file one decided version ahead of the store, never behind it.
 */
import type { Position } from '../../machines/protocol.js';
import { reasonOf, Veto } from '../errors.js';
import type {
  CommitContext,
  LayerStorage,
  SlaveUserLayer,
  SnapshotContext,
} from '../layers/contract.js';
import { document } from '../layers/document/document.js';
import type { DocumentSlaveData } from '../layers/document/slave.js';
import { type CopyFile, canonicalText } from './copy-file.js';
import { findNonJson } from './non-json.js';
import type { Validator } from './validator.js';

export interface CopyLayerOptions {
  readonly file: CopyFile;
  /** Asked before a version is taken; absent accepts all. */
  readonly validator: Validator | null;
  /** Told after the file holds a version; `bytes` is its size. */
  readonly written: (position: Position, bytes: number) => void;
}

/** A text that was accepted and is not written yet, and its version once it is. */
interface Accepted {
  readonly text: string;
  written: boolean;
}

export class CopyLayer implements SlaveUserLayer {
  readonly codec: NonNullable<SlaveUserLayer['codec']>;
  readonly #options: CopyLayerOptions;
  readonly #inner: SlaveUserLayer & DocumentSlaveData<unknown>;
  /**
   * Of the tree that the document layer checked last with success, which is the one that it takes
   * next: it keeps the candidate of a yes until its commit or abort.
   */
  #accepted: Accepted | null = null;

  constructor(options: CopyLayerOptions) {
    this.#options = options;
    const prepare = (next: unknown, previous: unknown): Promise<void> =>
      this.#accept(next, previous);
    // A file follows one line of versions: older states are of no use here.
    const definition = document<unknown>(undefined, { prepare, statesMax: 1 });
    this.#inner = definition.createSlaveLayer();
    const { codec } = this.#inner;
    if (codec === undefined) throw new TypeError('the document layer has no codec');
    this.codec = codec;
  }

  /** Loads the cached copy and puts its file back, where that is missing or says something else. */
  async open(storage: LayerStorage | null): Promise<void> {
    await this.#options.file.check();
    await this.#inner.open?.(storage);
    const position = this.#inner.position();
    if (position === null) return;
    const text = canonicalText(this.#inner.get());
    await this.#options.file.restore(text);
    this.#options.written(position, Buffer.byteLength(text));
  }

  position(): Position | null {
    return this.#inner.position();
  }

  contentHash(): string {
    return this.#inner.contentHash();
  }

  prepare(round: string, delta: unknown, next: Position): void | Promise<void> {
    return this.#inner.prepare(round, delta, next);
  }

  async commit(delta: unknown, next: Position, context: CommitContext): Promise<void> {
    const { durability } = context;
    const write: CommitContext['write'] = async (operations) => {
      await this.#write();
      await context.write(operations);
    };
    await this.#inner.commit(delta, next, { durability, write });
    this.#tell(next);
  }

  abort(round: string): void | Promise<void> {
    this.#accepted = null;
    return this.#inner.abort(round);
  }

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): Promise<void> {
    const { durability } = context;
    const replace: SnapshotContext['replace'] = async (batches) => {
      await this.#write();
      await context.replace?.(batches);
    };
    await this.#inner.installSnapshot(chunks, next, { durability, replace });
    this.#tell(next);
  }

  async close(): Promise<void> {
    await this.#options.validator?.close();
    await this.#inner.close?.();
  }

  async #accept(next: unknown, previous: unknown): Promise<void> {
    const found = findNonJson(next, previous);
    if (found !== null) throw new Veto(`a JSON file cannot hold ${found}`);
    const text = canonicalText(next);
    await this.#options.validator?.check(text);
    this.#accepted = { text, written: false };
  }

  /** A veto, and no failed store: it is tried again, and shows in the status until it worked. */
  async #write(): Promise<void> {
    const accepted = this.#accepted;
    if (accepted === null) throw new Veto('this version was not checked before its commit');
    try {
      await this.#options.file.write(accepted.text);
    } catch (thrown) {
      throw new Veto(reasonOf(thrown), { cause: thrown });
    }
    accepted.written = true;
  }

  /** Nothing was written where the version is held already. */
  #tell(position: Position): void {
    const accepted = this.#accepted;
    if (accepted === null || !accepted.written) return;
    this.#accepted = null;
    this.#options.written(position, Buffer.byteLength(accepted.text));
  }
}
