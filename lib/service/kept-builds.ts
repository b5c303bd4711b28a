/**
 * Builds that are read, or were a while ago: identical requests share one, and a transfer that was
 * cut finds it again (P6, P18).
 */
import type { Point } from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import type { Build, BuildFacts } from './build.js';

interface KeptBuild {
  readonly key: string;
  readonly build: Build;
  usedAtMs: number;
}

export type MakeBuild = () => Promise<Build | null>;

/** What two requests have to share to share a build. */
export function buildKey(
  facts: Pick<BuildFacts, 'kind' | 'from' | 'round'> & { readonly to: Point },
): string {
  const { kind, from, to, round } = facts;
  return [kind, from.version, to.version, to.digest, round ?? ''].join('/');
}

/** Frees the layer's view behind a build that nobody reads any more. */
function discard(build: Build): void {
  void build.close().catch(() => {
    // What is thrown away has nothing more to tell.
  });
}

export class KeptBuilds {
  readonly #clock: Clock;
  readonly #made: () => void;
  readonly #kept = new Map<string, KeptBuild>();
  /** The newest one of each key. */
  readonly #byKey = new Map<string, KeptBuild>();
  readonly #making = new Map<string, Promise<Build | null>>();

  /** @param made called after each new one: while changes go on, each newcomer makes one more */
  constructor(clock: Clock, made: () => void) {
    this.#clock = clock;
    this.#made = made;
  }

  get(id: string): Build | undefined {
    return this.#kept.get(id)?.build;
  }

  /** The same, for one who goes on reading it. */
  use(id: string): Build | undefined {
    const kept = this.#kept.get(id);
    if (kept !== undefined) kept.usedAtMs = this.#clock.now();
    return kept?.build;
  }

  /** One that is still whole, or one that `make` makes for all who ask meanwhile. */
  async find(key: string, make: MakeBuild): Promise<Build | null> {
    const kept = this.#byKey.get(key);
    if (kept?.build.has(0) === true) {
      kept.usedAtMs = this.#clock.now();
      return kept.build;
    }
    const making = this.#making.get(key) ?? this.#make(key, make);
    this.#making.set(key, making);
    return making;
  }

  /** Frees those that nobody reads any more: after a while, or when they take too much memory. */
  sweep(): void {
    const before = this.#clock.now() - serviceLimits.buildIdleMs;
    const idle = [...this.#kept].filter(([, { build }]) => build.readers === 0);
    idle.sort(([, left], [, right]) => right.usedAtMs - left.usedAtMs);
    let bytes = 0;
    for (const [id, { build, usedAtMs, key }] of idle) {
      bytes += build.bytes;
      if (usedAtMs > before && bytes <= serviceLimits.idleBuildsBytesMax) continue;
      this.#kept.delete(id);
      if (this.#byKey.get(key)?.build === build) this.#byKey.delete(key);
      discard(build);
    }
  }

  close(): void {
    for (const { build } of this.#kept.values()) discard(build);
    this.#kept.clear();
    this.#byKey.clear();
  }

  async #make(key: string, make: MakeBuild): Promise<Build | null> {
    try {
      const build = await make();
      if (build === null) return null;
      const kept = { key, build, usedAtMs: this.#clock.now() };
      this.#kept.set(build.id, kept);
      this.#byKey.set(key, kept);
      this.#made();
      return build;
    } finally {
      this.#making.delete(key);
    }
  }
}
