/** S1, S6, S7, S9 and S12 as checks of every visible change of every node. */
import { isDeepStrictEqual } from 'node:util';
import type { DocumentMasterData } from '../../lib/layers/document/master.js';
import type { DocumentSlaveData } from '../../lib/layers/document/slave.js';
import type { Master } from '../../lib/master.js';
import type { Slave } from '../../lib/slave.js';
import type { Position } from '../../machines/protocol.js';

/** The replicated tree of these tests: a change sets a key to a value used once. */
export type Tree = Record<string, number | string>;

export type TestMaster = Master<DocumentMasterData<Tree>>;
export type TestSlave = Slave<DocumentSlaveData<Tree>>;

interface Seen {
  readonly who: string;
  readonly position: Position;
  readonly value: Tree;
}

function placeOf({ lineage, version, digest }: Position): string {
  return `${lineage}/${version}/${digest}`;
}

/** Collects violations; `check` throws them, so that no listener has to throw. */
export class ServiceRules {
  readonly violations: string[] = [];
  /** What each place of each history holds, whoever showed it first. */
  readonly #content = new Map<string, Seen>();
  /** The one place of each version: two of them would be two outcomes of one decision. */
  readonly #digests = new Map<string, string>();
  /** Places that a master's original stood at. */
  readonly #committed = new Set<string>();
  readonly #shown: Seen[] = [];
  /** Visible steps back that no reset event told of. */
  readonly #rewinds = new Set<string>();
  /** Keys of changes whose task said that nothing changed anywhere. */
  readonly #aborted = new Set<string>();

  watchMaster(master: TestMaster): () => void {
    // What a restart finds on its disk was committed, though nobody saw it happen.
    const unlisten = master.on('status', ({ position }) => {
      if (position !== null) this.#committed.add(placeOf(position));
    });
    const unsubscribe = master.data.subscribe(({ position, value }) => {
      this.#committed.add(placeOf(position));
      this.#note({ who: master.id, position, value });
    });
    return () => {
      unlisten();
      unsubscribe();
    };
  }

  watchSlave(slave: TestSlave): () => void {
    let last = slave.position;
    const rewinds = this.#rewinds;
    const unlisten = slave.on('reset', ({ from, to }) =>
      rewinds.delete(`${slave.id} went from ${from.version} to ${to.version}`),
    );
    const unsubscribe = slave.data.subscribe(({ position, value }) => {
      const before = last;
      last = position;
      this.#note({ who: slave.id, position, value });
      this.#shown.push({ who: slave.id, position, value });
      if (before === null || before.lineage !== position.lineage) return;
      if (position.version > before.version) return;
      // Told by a reset event, which follows once the state is durable.
      rewinds.add(`${slave.id} went from ${before.version} to ${position.version}`);
    });
    return () => {
      unlisten();
      unsubscribe();
    };
  }

  /** Told by a test: this task was rejected with ABORTED, so its key must never show (S9, P21). */
  aborted(key: string): void {
    this.#aborted.add(key);
  }

  check(): void {
    for (const rewind of this.#rewinds) this.#add(`S7: ${rewind}, and nobody was told`);
    for (const { who, position, value } of this.#shown) {
      if (!this.#committed.has(placeOf(position))) {
        this.#add(`S6: ${who} showed ${placeOf(position)}, which no master committed`);
      }
      for (const key of Object.keys(value)) {
        if (this.#aborted.has(key)) this.#add(`S9: ${who} showed the aborted change ${key}`);
      }
    }
    if (this.violations.length > 0) throw new Error(this.violations.slice(0, 5).join('\n'));
  }

  #note(seen: Seen): void {
    const place = placeOf(seen.position);
    const known = this.#content.get(place);
    if (known === undefined) this.#content.set(place, seen);
    else if (!isDeepStrictEqual(known.value, seen.value)) {
      this.#add(`S12: ${seen.who} shows ${place} as other content than ${known.who}`);
    }
    const { lineage, version } = seen.position;
    const other = this.#digests.get(`${lineage}/${version}`) ?? place;
    this.#digests.set(`${lineage}/${version}`, other);
    if (other === place) return;
    this.#add(`S1: ${seen.who} at ${place} while ${this.#content.get(other)?.who} at ${other}`);
  }

  #add(violation: string): void {
    if (!this.violations.includes(violation)) this.violations.push(violation);
  }
}
