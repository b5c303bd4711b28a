/** What both roles of document share: reading, taking deltas, keeping them, telling subscribers. */
import { platform } from '#platform';
import type { Position } from '../../../machines/protocol.js';
import { encodeValue } from '../../codec/values.js';
import type { CommitContext, LayerStorage, MaybePromise } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import { Listeners } from '../listeners.js';
import { chain } from '../maybe.js';
import { applyDelta, type DocumentDelta, documentCodec } from './delta.js';
import { History } from './history.js';
import type { DocumentSettings } from './options.js';
import { DocumentRecords } from './records.js';

/** What a subscriber is told after each commit. */
export interface DocumentCommit<T> {
  readonly position: Position;
  readonly value: T;
  /** Undefined for the first version. Unchanged parts are the same objects in both. */
  readonly previous: T | undefined;
}

/** Reading a document of which there is always a value. */
export interface DocumentData<T> {
  /**
   * The tree as committed last: the same object until the next commit, frozen all through (typed
   * arrays cannot be: do not write to them).
   */
  readonly get: () => T;
  /** As `get`: what UI frameworks want of an external store. */
  readonly getSnapshot: () => T;
  /** Called after each commit; the answer unsubscribes. What it throws goes to `onError`. */
  readonly subscribe: (listener: (commit: DocumentCommit<T>) => void) => () => void;
  /** Null before the first version. */
  position(): Position | null;
  /** Equal on all copies at one version. Encodes the whole tree. */
  contentHash(): string;
}

export class DocumentCopy<T> implements DocumentData<T> {
  readonly codec = documentCodec;
  protected readonly settings: DocumentSettings<T>;
  readonly #listeners: Listeners<DocumentCommit<T>>;
  readonly #fallback: T;
  #history: History;
  #records: DocumentRecords | null = null;
  #position: Position | null = null;
  #state: unknown;

  /** `fallback` is read until there is a first version. */
  constructor(settings: DocumentSettings<T>, fallback: T) {
    this.settings = settings;
    this.#fallback = fallback;
    this.#listeners = new Listeners(settings.onError);
    this.#history = new History(settings.statesMax, settings.historyBytesMax);
  }

  open(storage: LayerStorage | null): MaybePromise<void> {
    if (storage === null) return undefined;
    const records = new DocumentRecords(this.settings.wireBudget);
    return records.load(storage, this.#history).then(() => {
      this.#records = records;
      const { position } = storage;
      if (position === null) return;
      this.#state = this.#history.state(position.version);
      this.#position = position;
    });
  }

  position(): Position | null {
    return this.#position;
  }

  readonly get = (): T => (this.#position === null ? this.#fallback : (this.#state as T));

  readonly getSnapshot = (): T => this.get();

  readonly subscribe = (listener: (commit: DocumentCommit<T>) => void): (() => void) =>
    this.#listeners.add(listener);

  contentHash(): string {
    return platform.digest(encodeValue(this.state, this.settings.wireBudget));
  }

  /** The tree itself; undefined before the first version. */
  protected get state(): unknown {
    return this.#state;
  }

  protected get history(): History {
    return this.#history;
  }

  /** Whether the copy already holds `next`: a decided delta is redone after a crash (P9). */
  protected holds(next: Position): boolean {
    const position = this.#position;
    return position?.lineage === next.lineage && position.version >= next.version;
  }

  /** The tree that `delta` makes, frozen. What readers see stays as it is. */
  protected candidate(delta: DocumentDelta): unknown {
    return deepFreeze(applyDelta(this.#state, delta, this.settings.wireBudget));
  }

  /** Writes and shows a tree. Readers see nothing of it before the write succeeded (S9). */
  protected take(
    delta: DocumentDelta,
    candidate: unknown,
    next: Position,
    context: CommitContext,
  ): MaybePromise<void> {
    const history = this.#history;
    const write = this.#records?.commit(delta, candidate, next.version, history);
    return chain(context.write(write?.operations ?? []), () => {
      write?.done();
      history.add(next.version, candidate, write?.bytes ?? delta.text.length);
      this.#show(candidate, next);
    });
  }

  /** Shows a tree that came whole; `bytes` are its text as the store now holds it. */
  protected adopt(state: unknown, next: Position, bytes: Uint8Array): void {
    const { statesMax, historyBytesMax } = this.settings;
    this.#history = new History(statesMax, historyBytesMax);
    this.#history.add(next.version, state, 0);
    this.#records?.replaced(next.version, bytes);
    this.#show(state, next);
  }

  #show(state: unknown, position: Position): void {
    const previous = this.#position === null ? undefined : (this.#state as T);
    this.#state = state;
    this.#position = position;
    if (this.#listeners.size === 0) return;
    this.#listeners.emit({ position, value: state as T, previous });
  }
}
