/**
 * Judges a simulated run from outside, after every step: what was acknowledged, what every node
 * showed, and where. It knows the promises (reliability 2.2), not the protocol.
 */
import type { Position } from '../../../machines/protocol.js';

export type ChangeState = 'pending' | 'acknowledged' | 'aborted' | 'unknown';

/** Where a change went, and under which term: rival masters use the same numbers. */
export interface Acknowledged {
  readonly lineage: string;
  readonly term: number;
  readonly version: number;
}

/** One change of the workload and what its caller was told. */
export interface ChangeRecord {
  readonly number: number;
  readonly removes: number | null;
  readonly method: 'one-phase' | 'two-phase';
  readonly durability: 'disk' | 'os';
  state: ChangeState;
  /** The how-manieth acknowledgement of the run it was; 0 before. */
  order: number;
  /** Where it was acknowledged; null before. */
  at: Acknowledged | null;
  /** The fault by which its promise ended, or null while it holds. */
  releasedBy: string | null;
}

/** What one node shows now. */
export interface Shown {
  readonly who: string;
  readonly position: Position;
  readonly fingerprint: string;
  readonly shows: (number: number) => boolean;
}

const placeOf = ({ lineage, version, digest }: Position): string =>
  `${lineage}/${version}/${digest}`;

export class Oracle {
  readonly violations: string[] = [];
  readonly changes: ChangeRecord[] = [];
  /** Of each place the content, and who showed it first. */
  readonly #content = new Map<string, { readonly who: string; readonly fingerprint: string }>();
  readonly #committed = new Set<string>();
  /** Shown by a slave before any master was seen to commit it: a decision that is out already. */
  readonly #early = new Map<string, string>();
  /** The one digest of a version under one term (S1). */
  readonly #digests = new Map<string, string>();
  /** False once a master went on from an older place: others may then show what is gone. */
  #isOneHistory = true;
  /** False once an old master came back under its old term: two histories share its numbers. */
  #isOneTerm = true;
  readonly #removedBy = new Map<number, ChangeRecord>();
  readonly #rewinds = new Set<string>();
  readonly #highest = new Map<string, Position>();
  #acknowledgements = 0;

  /** How many changes were acknowledged so far. */
  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  note(violation: string): void {
    if (this.violations.length < 20 && !this.violations.includes(violation)) {
      this.violations.push(violation);
    }
  }

  submitted(record: ChangeRecord): void {
    this.changes.push(record);
    if (record.removes !== null) this.#removedBy.set(record.removes, record);
  }

  acknowledged(record: ChangeRecord, at: NonNullable<ChangeRecord['at']>): void {
    this.#acknowledgements += 1;
    record.state = 'acknowledged';
    record.at = at;
    record.order = this.#acknowledgements;
  }

  /** Ends the promise of what `isLost` names: a disk did not survive, or the host gave it up. */
  release(fault: string, isLost: (record: ChangeRecord) => boolean): void {
    for (const record of this.changes) {
      if (record.state === 'aborted' || record.releasedBy !== null) continue;
      if (record.at === null || isLost(record)) record.releasedBy = fault;
    }
  }

  /** The cut took what was promised to survive the process only, past all that was synced (P19). */
  powerCut(): void {
    const isSynced = (record: ChangeRecord, lineage: string, version: number) => {
      const { at, durability, releasedBy } = record;
      if (at === null || durability !== 'disk' || releasedBy !== null) return false;
      return at.lineage === lineage && at.version >= version;
    };
    this.release('power cut', ({ at, durability }) => {
      if (durability !== 'os' || at === null) return false;
      return !this.changes.some((other) => isSynced(other, at.lineage, at.version));
    });
  }

  /**
   * The original goes on from an older place, given as its position record: what was acknowledged
   * since is lost with the disk it was on, and version numbers may come again (T35-T37).
   * @param since acknowledgements when that place was taken: numbers alone do not tell, since two
   * branches of one lineage share them
   * @param isNewTerm the host ordered a takeover: a version is then told apart by its term
   */
  rewound(fault: string, record: unknown, since: number, isNewTerm: boolean): void {
    const base = (record ?? null) as Position | null;
    this.release(fault, ({ at, order }) => {
      if (at === null || at.lineage !== base?.lineage || order > since) return true;
      return at.version > base.version || at.term > base.epoch.term;
    });
    this.#isOneHistory = false;
    this.#isOneTerm &&= isNewTerm;
  }

  /** The host gave the original a new identity; what it holds stays promised (P22). */
  renamed(): void {
    for (const record of this.changes) record.at = null;
  }

  /** S3: a master that starts holds everything that was acknowledged. */
  masterStarted(who: string, position: Position | null): void {
    for (const { number, at, releasedBy, state } of this.changes) {
      if (state !== 'acknowledged' || at === null || releasedBy !== null) continue;
      if (position?.lineage === at.lineage && position.version >= at.version) continue;
      this.note(
        `S3: ${who} started at ${position?.version} without change ${number}, ` +
          `acknowledged at version ${at.version}`,
      );
    }
  }

  committed(position: Position): void {
    const place = placeOf(position);
    this.#committed.add(place);
    this.#early.delete(place);
  }

  masterShows(shown: Shown): void {
    this.committed(shown.position);
    this.#shown(shown);
  }

  slaveShows(shown: Shown): void {
    const { who, position } = shown;
    const place = placeOf(position);
    if (!this.#committed.has(place)) this.#early.set(place, who);
    const before = this.#highest.get(who);
    this.#highest.set(who, position);
    const isBack = before?.lineage === position.lineage && before.version > position.version;
    if (isBack) this.#rewinds.add(`${who} went from ${before.version} to ${position.version}`);
    this.#shown(shown);
  }

  /** A slave's layer is given an increment: each leads up, or it is one that it has (S8). */
  slaveTakes(who: string, from: Position | null, next: Position): void {
    if (from?.lineage !== next.lineage || from.version < next.version) return;
    this.note(`S8: ${who} takes version ${next.version}, and is at ${from.version}`);
  }

  /** A reset event told of a step back (S7). */
  slaveReset(who: string, from: Position, to: Position): void {
    this.#rewinds.delete(`${who} went from ${from.version} to ${to.version}`);
  }

  /**
   * A life ended: an untold step back will not be told any more. What it showed last holds for
   * the next life as well, unless what was not synced, or all of it, is gone.
   */
  slaveForgets(who: string, isGone: boolean): void {
    if (isGone) this.#highest.delete(who);
    for (const rewind of this.#rewinds) {
      if (rewind.startsWith(`${who} went `)) this.#rewinds.delete(rewind);
    }
  }

  highest(who: string): Position | null {
    return this.#highest.get(who) ?? null;
  }

  /** S7 over the whole step, S9, and S6 where a living master stands past what a slave shows. */
  step(master: Position | null): void {
    for (const rewind of this.#rewinds) this.note(`S7: ${rewind}, and nobody was told`);
    if (master === null || !this.#isOneHistory) return;
    for (const [place, who] of this.#early) {
      const [lineage, version] = place.split('/');
      if (lineage !== master.lineage || Number(version) > master.version) continue;
      this.note(`S6: ${who} showed ${place}, which no master committed`);
    }
  }

  /** The end, all in step: every promise that still holds, on every node. */
  finished(nodes: readonly Shown[]): void {
    for (const { who, shows } of nodes) {
      for (const record of this.changes) this.#judge(who, record, shows(record.number));
    }
  }

  #judge(who: string, record: ChangeRecord, isThere: boolean): void {
    const { number, state, releasedBy } = record;
    if (state === 'aborted' && isThere) this.note(`P21: ${who} holds the aborted ${number}`);
    if (releasedBy !== null) return;
    const remover = this.#removedBy.get(number);
    const isRemoved = remover?.state === 'acknowledged' && remover.releasedBy === null;
    const mayBeRemoved = remover !== undefined && remover.state !== 'aborted';
    if (state !== 'acknowledged') return;
    if (isThere && isRemoved) this.note(`S3: ${who} lost the removal of ${number}`);
    if (!isThere && !mayBeRemoved) this.note(`S3: ${who} lost the acknowledged ${number}`);
  }

  #shown({ who, position, fingerprint, shows }: Shown): void {
    const place = placeOf(position);
    const known = this.#content.get(place);
    if (known === undefined) this.#content.set(place, { who, fingerprint });
    else if (known.fingerprint !== fingerprint) {
      this.note(`S12: ${who} shows ${place} as other content than ${known.who}`);
    }
    for (const { number, state } of this.changes) {
      if (state === 'aborted' && shows(number)) {
        this.note(`S9: ${who} showed the aborted change ${number}`);
      }
    }
    const key = `${position.lineage}/${position.epoch.term}/${position.version}`;
    const digest = this.#digests.get(key);
    if (digest === undefined) this.#digests.set(key, position.digest);
    else if (digest !== position.digest && this.#isOneTerm) {
      this.note(`S1: ${who} shows version ${position.version} with another digest than others`);
    }
  }
}
