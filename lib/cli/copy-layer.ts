/**
 * The slave's user layer of the command: a document whose every committed version is also a file.
 * The file belongs to the commit: a slave confirms a version only after its file holds it, so that
 * a full disk shows in the status and is not a silently stale copy.
 */
import type { Position } from '../../machines/protocol.js';
import { Veto } from '../errors.js';
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

export class CopyLayer implements SlaveUserLayer {
  readonly codec: NonNullable<SlaveUserLayer['codec']>;
  readonly #options: CopyLayerOptions;
  readonly #inner: SlaveUserLayer & DocumentSlaveData<unknown>;
  /** Of the version that the file holds, which is what this slave has. */
  #position: Position | null = null;
  /** The text of the last candidate: a version that was voted on is not rendered twice. */
  #rendered: { readonly value: unknown; readonly text: string } | null = null;

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

  /** Loads the cached copy and puts its file back, if that is missing or was changed by hand. */
  async open(storage: LayerStorage | null): Promise<void> {
    await this.#options.file.check();
    await this.#inner.open?.(storage);
    const position = this.#inner.position();
    if (position === null) return;
    const text = canonicalText(this.#inner.get());
    await this.#options.file.restore(text);
    this.#position = position;
    this.#options.written(position, Buffer.byteLength(text));
  }

  position(): Position | null {
    return this.#position;
  }

  contentHash(): string {
    return this.#inner.contentHash();
  }

  prepare(round: string, delta: unknown, next: Position): void | Promise<void> {
    return this.#inner.prepare(round, delta, next);
  }

  /** Repeated after a failed write, the inner commit does nothing and the file is tried again. */
  async commit(delta: unknown, next: Position, context: CommitContext): Promise<void> {
    await this.#inner.commit(delta, next, context);
    await this.#write();
  }

  abort(round: string): void | Promise<void> {
    this.#rendered = null;
    return this.#inner.abort(round);
  }

  async installSnapshot(
    chunks: AsyncIterable<Uint8Array>,
    next: Position,
    context: SnapshotContext,
  ): Promise<void> {
    await this.#inner.installSnapshot(chunks, next, context);
    await this.#write();
  }

  async close(): Promise<void> {
    await this.#options.validator?.close();
    await this.#inner.close?.();
  }

  async #accept(next: unknown, previous: unknown): Promise<void> {
    const found = findNonJson(next, previous);
    if (found !== null) throw new Veto(`a JSON file cannot hold ${found}`);
    const { validator } = this.#options;
    if (validator === null) return;
    const text = canonicalText(next);
    this.#rendered = { value: next, text };
    await validator.check(text);
  }

  async #write(): Promise<void> {
    const position = this.#inner.position();
    if (position === null) return;
    const value = this.#inner.get();
    const rendered = this.#rendered;
    const text =
      rendered !== null && rendered.value === value ? rendered.text : canonicalText(value);
    this.#rendered = null;
    await this.#options.file.write(text);
    this.#position = position;
    this.#options.written(position, Buffer.byteLength(text));
  }
}
