/**
 * Who is below, on all levels: the slaves of this side by their sessions, those below relays as
 * these told it. For people only: no vote and no outcome is ever taken from here.
 */
import type { BelowMessage, NodeMove } from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import { LEVELS_MAX } from '../wire/limits.js';

interface Member {
  readonly id: string;
  readonly via: readonly string[];
  /** '' for a relay that is only known by those below it. */
  readonly incarnation: string;
  /** Null for whom nobody is below. */
  members: Map<string, Member> | null;
  report: BelowMessage | null;
}

/** Heartbeats that word of a departure may take past the one that ends a silent connection. */
const GRACE_HEARTBEATS = 5;

export interface SubtreeParts {
  readonly clock: Clock;
  readonly heartbeatMs: () => number;
  readonly trouble: (code: string, reason: string) => void;
  /** Told of everybody who came or left, on any level. */
  readonly moved: (move: NodeMove) => void;
}

function placeOf({ via }: Member): string {
  return via.length === 0 ? 'directly' : `below "${via.join('/')}"`;
}

export class Subtree {
  readonly #parts: SubtreeParts;
  readonly #top = new Map<string, Member>();
  readonly #places = new Map<string, Member[]>();
  /** Ids under which several processes are here, and since when; told once. */
  readonly #twins = new Map<string, { readonly sinceMs: number; isTold: boolean }>();

  #size = 0;

  constructor(parts: SubtreeParts) {
    this.#parts = parts;
  }

  /** A slave of this side said hello and was accepted. */
  came(id: string, incarnation: string): void {
    this.#take({ id, via: [], incarnation, isHere: true });
  }

  /** Its connection is over, and with it all that was known of those below it. */
  left(id: string): void {
    const incarnation = this.#top.get(id)?.incarnation;
    if (incarnation !== undefined) this.#take({ id, via: [], incarnation, isHere: false });
  }

  /** A relay of this side said who is below it. */
  told(relay: string, report: BelowMessage): void {
    const member = this.#top.get(relay);
    if (member === undefined) return;
    member.report = report;
    for (const move of report.moves) {
      // Deeper ones are in the figures only.
      if (move.via.length < LEVELS_MAX) this.#take({ ...move, via: [relay, ...move.via] });
    }
  }

  /** Whether a relay of this side told who is below it. */
  get isDeep(): boolean {
    for (const { report } of this.#top.values()) if (report !== null) return true;
    return false;
  }

  reportOf(id: string): BelowMessage | null {
    return this.#top.get(id)?.report ?? null;
  }

  /** Whether it is at another place than this one: a slave may move (P2). */
  isElsewhere(id: string, via: readonly string[]): boolean {
    const here = via.join('/');
    return this.#places.get(id)?.some((place) => place.via.join('/') !== here) ?? false;
  }

  /** To be called with each heartbeat. */
  look(): void {
    const { clock, heartbeatMs, trouble } = this.#parts;
    const graceMs = (serviceLimits.deadHeartbeats + GRACE_HEARTBEATS) * heartbeatMs();
    for (const [id, twins] of this.#twins) {
      // One that moved is still at its former place until the word of its departure is here.
      if (twins.isTold || clock.now() - twins.sinceMs < graceMs) continue;
      twins.isTold = true;
      const places = this.#places.get(id)?.map(placeOf).join(' and ');
      trouble('DUPLICATE_ID', `several processes say they are slave "${id}": ${places}`);
    }
  }

  /** Everybody who is here, relays before those below them. */
  *everybody(): Generator<NodeMove> {
    const levels = [this.#top];
    for (const level of levels) {
      for (const { id, via, incarnation, members } of level.values()) {
        yield { id, via, incarnation, isHere: true };
        if (members !== null) levels.push(members);
      }
    }
  }

  #take(move: NodeMove): void {
    const { id, via, incarnation, isHere } = move;
    const level = this.#levelOf(via, isHere);
    const known = level?.get(id);
    if (level === null || (known === undefined && !isHere)) return;
    const isSame = known?.incarnation === incarnation && known.members === null;
    if (isHere && isSame) return;
    if (known !== undefined) this.#drop(level, known);
    if (isHere) this.#add(level, { id, via, incarnation, members: null, report: null });
    this.#parts.moved(move);
  }

  /** Those below the last of `via`; null where it is not known and not to be made. */
  #levelOf(via: readonly string[], makes: boolean): Map<string, Member> | null {
    let level = this.#top;
    for (const [depth, id] of via.entries()) {
      let member = level.get(id);
      if (member === undefined) {
        if (!makes) return null;
        const above = via.slice(0, depth);
        member = { id, via: above, incarnation: '', members: null, report: null };
        this.#add(level, member);
      }
      member.members ??= new Map();
      level = member.members;
    }
    return level;
  }

  #add(level: Map<string, Member>, member: Member): void {
    if (this.#size >= serviceLimits.slavesMax) return;
    this.#size += 1;
    level.set(member.id, member);
    const places = this.#places.get(member.id);
    if (places === undefined) this.#places.set(member.id, [member]);
    else places.push(member);
    this.#weighTwins(member.id);
  }

  #drop(level: Map<string, Member>, member: Member): void {
    if (!level.delete(member.id)) return;
    this.#size -= 1;
    const left = this.#places.get(member.id)?.filter((each) => each !== member) ?? [];
    if (left.length === 0) this.#places.delete(member.id);
    else this.#places.set(member.id, left);
    this.#weighTwins(member.id);
    const { members } = member;
    for (const each of members?.values() ?? []) this.#drop(members as Map<string, Member>, each);
  }

  #weighTwins(id: string): void {
    const lives = new Set(this.#places.get(id)?.map(({ incarnation }) => incarnation));
    lives.delete('');
    if (lives.size < 2) this.#twins.delete(id);
    else if (!this.#twins.has(id)) {
      this.#twins.set(id, { sinceMs: this.#parts.clock.now(), isTold: false });
    }
  }
}
