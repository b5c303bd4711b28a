/**
 * Tells of each write to one key of a KV bucket. The client's own watch outlives its bucket without
 * a word: it goes on above the number it saw last, and a bucket that was deleted and made anew
 * counts from 1, so it would be silent until the new one has as many writes as the old one had.
 * What reads find is held against what the watch told, and a watch that fell behind is replaced.
 */
import type { KV } from '@nats-io/kv';
import type { Clock } from '../runtime/clock.js';

type Watcher = Awaited<ReturnType<KV['watch']>>;
export type Entry = NonNullable<Awaited<ReturnType<KV['get']>>>;

export interface WatchEvents {
  changed(entry: Entry): void;
  /** It was found silent and is replaced. */
  replaced(): void;
  /** It could not be set up; tried again after the next reads. */
  failed(error: unknown): void;
}

export interface WatchOptions {
  readonly key: string;
  readonly clock: Clock;
  /** How long a write that was read may not have been told: the watch is on its way, too. */
  readonly patienceMs: number;
  readonly events: WatchEvents;
}

export class LeaseWatch {
  readonly #options: WatchOptions;
  #watcher: Watcher | null = null;
  /** Of the write that was told last; 0 while none was. */
  #told = 0;
  #behindSinceMs: number | null = null;
  #starting: Promise<void> | null = null;
  #isOver = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** To be handed to `noteRead`: what was told before a read began cannot be newer than it. */
  get told(): number {
    return this.#told;
  }

  /** Rejects where the server refuses. One that is being set up already is waited for. */
  start(kv: KV): Promise<void> {
    this.#starting ??= this.#start(kv).finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  /**
   * @param revision what a read of the key found; 0 where it found none
   * @param before `told` from when the read began
   */
  noteRead(kv: KV, revision: number, before: number): void {
    const { clock, patienceMs, events } = this.#options;
    if (this.#isOver || this.#starting !== null) return;
    if (revision === this.#told) {
      this.#behindSinceMs = null;
      return;
    }
    this.#behindSinceMs ??= clock.now();
    // Not what the read itself has begun to watch anew.
    const isCountedAnew = revision < Math.min(before, this.#told);
    if (!isCountedAnew && clock.now() - this.#behindSinceMs < patienceMs) return;
    events.replaced();
    this.start(kv).catch((error: unknown) => events.failed(error));
  }

  stop(): void {
    this.#isOver = true;
    this.#watcher?.stop();
    this.#watcher = null;
  }

  async #start(kv: KV): Promise<void> {
    this.#watcher?.stop();
    this.#watcher = null;
    this.#told = 0;
    this.#behindSinceMs = null;
    const watcher = await kv.watch({ key: this.#options.key });
    if (this.#isOver) return watcher.stop();
    this.#watcher = watcher;
    // Whatever ended it, the next reads find it silent.
    this.#follow(watcher).catch((error: unknown) => this.#options.events.failed(error));
    return undefined;
  }

  async #follow(watcher: Watcher): Promise<void> {
    for await (const entry of watcher) {
      if (this.#watcher !== watcher) return;
      this.#told = entry.revision;
      this.#behindSinceMs = null;
      this.#options.events.changed(entry);
    }
  }
}
