/**
 * Who is below, on all levels: the slaves of this side by their sessions, those below relays as
 * these told it. For people only: no vote and no outcome is ever taken from here.
 */
import type { BelowMessage, NodeMove } from '../../machines/protocol.js';
import { serviceLimits } from '../limits.js';
import { LEVELS_MAX } from '../wire/limits.js';
import { Twins, type TwinsParts } from './twins.js';

interface Member {
  readonly id: string;
  readonly via: readonly string[];
  /** '' for a relay that is only known by those below it. */
  readonly incarnation: string;
  /** The version at which its former place goes on counting it; null while it is here. */
  readonly leftAt: number | null;
  /** It left, and was seen elsewhere since: the former place counts it in vain. */
  isMoved: boolean;
  /** Null for whom nobody is below. */
  members: Map<string, Member> | null;
  report: BelowMessage | null;
}

type Level = Map<string, Member>;

/** Of those that left, and were not forgotten, the last ones: ids may be made anew each time. */
export const LEFT_MAX = 10_000;

/** Of one id; more are no slave that moved. */
const PLACES_MAX = 64;
/** Of them, named in one sentence. */
const PLACES_NAMED = 4;

export interface SubtreeParts extends Omit<TwinsParts, 'placesOf'> {
  /** Told of everybody who came or left, on any level. */
  readonly moved: (move: NodeMove) => void;
}

function placeOf({ via }: Member): string {
  return via.length === 0 ? 'directly' : `below "${via.join('/')}"`;
}

function isSameWay(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((id, level) => id === right[level]);
}

function moveOf({ id, via, incarnation, leftAt }: Member): NodeMove {
  const version = leftAt ?? 0;
  return { id, via, incarnation, state: leftAt === null ? 'here' : 'left', version };
}

export class Subtree {
  readonly #parts: SubtreeParts;
  readonly #twins: Twins;
  readonly #top: Level = new Map();
  readonly #places = new Map<string, Member[]>();
  /** Those that left, the oldest first. */
  readonly #left = new Set<Member>();
  #size = 0;

  constructor(parts: SubtreeParts) {
    this.#parts = parts;
    const placesOf = (id: string) => {
      const places = this.#hereOf(id);
      const named = places.slice(0, PLACES_NAMED).map(placeOf).join(' and ');
      const more = places.length - PLACES_NAMED;
      return more > 0 ? `${named}, and ${more} more` : named;
    };
    this.#twins = new Twins({ ...parts, placesOf });
  }

  /** A slave of this side said hello and was accepted. */
  came(id: string, incarnation: string): void {
    this.#take({ id, via: [], incarnation, state: 'here', version: 0 });
  }

  /**
   * Its connection is over, and with it all that was known of those below it.
   * @param version at which this side goes on counting it
   */
  left(id: string, version: number): void {
    const incarnation = this.#top.get(id)?.incarnation ?? '';
    this.#take({ id, via: [], incarnation, state: 'left', version });
  }

  /** The host of this side counts it no more. */
  forgotten(id: string): void {
    this.#take({ id, via: [], incarnation: '', state: 'dropped', version: 0 });
  }

  /** A relay of this side said who is below it. */
  told(relay: string, report: BelowMessage): void {
    const member = this.#top.get(relay);
    if (member === undefined || member.leftAt !== null) return;
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

  /** Whether it is, or later was, at another place than this one: a slave may move (P2). */
  hasMoved(id: string, via: readonly string[]): boolean {
    const known = this.#levelOf(via, false)?.get(id);
    // A master knows from its disk who was there before its restart.
    if (known === undefined) return this.#places.has(id);
    return known.isMoved || this.#isElsewhere(id, via);
  }

  /** The versions at which relays of this side go on counting who moved away from below them. */
  movedBelow(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>();
    for (const { via, leftAt, isMoved } of this.#left) {
      const [relay] = via;
      if (!isMoved || relay === undefined || leftAt === null) continue;
      const versions = found.get(relay);
      if (versions === undefined) found.set(relay, [leftAt]);
      else versions.push(leftAt);
    }
    return found;
  }

  /** To be called with each heartbeat. */
  look(): void {
    this.#twins.look();
  }

  /** Everybody who is here, relays before those below them, then who left and is still counted. */
  *everybody(): Generator<NodeMove> {
    const levels = [this.#top];
    for (const level of levels) {
      for (const member of level.values()) {
        if (member.leftAt !== null) continue;
        yield moveOf(member);
        if (member.members !== null) levels.push(member.members);
      }
    }
    for (const member of this.#left) if (!member.isMoved) yield moveOf(member);
  }

  #take(move: NodeMove): void {
    const level = this.#levelOf(move.via, move.state === 'here');
    const known = level?.get(move.id);
    if (level === null) return;
    if (move.state === 'here') return this.#arrive(level, known, move);
    if (move.state === 'left') return this.#leave(level, known, move);
    if (known === undefined) return;
    this.#drop(level, known);
    if (!known.isMoved) this.#parts.moved(move);
  }

  #arrive(level: Level, known: Member | undefined, move: NodeMove): void {
    const { id, via, incarnation } = move;
    const isSame = known?.leftAt === null && known.incarnation === incarnation;
    if (isSame && known.members === null) return;
    if (known !== undefined) this.#drop(level, known);
    const member = this.#add(level, { id, via, incarnation, leftAt: null });
    // Who is not kept is not told on either: what waits above to be told is bounded by it.
    if (level.get(id) !== member) return;
    this.#parts.moved(move);
    this.#supersede(this.#countedOf(id));
  }

  #leave(level: Level, known: Member | undefined, move: NodeMove): void {
    const { id, via, incarnation, version } = move;
    if (known !== undefined) this.#drop(level, known);
    const rivals = this.#countedOf(id);
    const left = this.#add(level, { id, via, incarnation, leftAt: version });
    const wasMoved = known?.isMoved === true;
    // Word may come late: of two places that it left, the later one is where it came further.
    const isOld = rivals.some(({ leftAt }) => leftAt !== null && leftAt > version);
    left.isMoved = wasMoved || isOld || this.#isElsewhere(id, via);
    if (!left.isMoved) {
      this.#parts.moved(move);
      this.#supersede(rivals);
    } else if (!wasMoved) this.#parts.moved({ ...move, state: 'dropped' });
  }

  /** The places that it left, and where it is counted all the same. */
  #countedOf(id: string): readonly Member[] {
    return this.#places.get(id)?.filter(({ leftAt, isMoved }) => leftAt !== null && !isMoved) ?? [];
  }

  #supersede(places: readonly Member[]): void {
    for (const place of places) {
      place.isMoved = true;
      this.#parts.moved({ ...moveOf(place), state: 'dropped' });
    }
  }

  #hereOf(id: string): readonly Member[] {
    return this.#places.get(id)?.filter(({ leftAt }) => leftAt === null) ?? [];
  }

  #isElsewhere(id: string, via: readonly string[]): boolean {
    return this.#hereOf(id).some((place) => !isSameWay(place.via, via));
  }

  /** Those below the last of `via`; null where it is not known and not to be made. */
  #levelOf(via: readonly string[], makes: boolean): Level | null {
    let level = this.#top;
    for (const [depth, id] of via.entries()) {
      let member = level.get(id);
      if (member === undefined || member.leftAt !== null) {
        if (!makes) return null;
        if (member !== undefined) this.#drop(level, member);
        member = this.#add(level, { id, via: via.slice(0, depth), incarnation: '', leftAt: null });
      }
      member.members ??= new Map();
      level = member.members;
    }
    return level;
  }

  /** Where there are too many, it is not kept. */
  #add(level: Level, place: Pick<Member, 'id' | 'via' | 'incarnation' | 'leftAt'>): Member {
    const member: Member = { ...place, isMoved: false, members: null, report: null };
    const places = this.#places.get(member.id);
    const isFull = member.leftAt === null && this.#size >= serviceLimits.slavesMax;
    if (isFull || (places?.length ?? 0) >= PLACES_MAX) return member;
    level.set(member.id, member);
    if (places === undefined) this.#places.set(member.id, [member]);
    else places.push(member);
    if (member.leftAt === null) this.#size += 1;
    else this.#keepLeft(member);
    this.#weighTwins(member.id);
    return member;
  }

  #keepLeft(member: Member): void {
    this.#left.add(member);
    if (this.#left.size <= LEFT_MAX) return;
    const [oldest] = this.#left;
    const level = oldest && this.#levelOf(oldest.via, false);
    if (level) this.#drop(level, oldest);
  }

  #drop(level: Level, member: Member): void {
    if (!level.delete(member.id)) return;
    if (member.leftAt === null) this.#size -= 1;
    else this.#left.delete(member);
    const others = this.#places.get(member.id)?.filter((each) => each !== member) ?? [];
    if (others.length === 0) this.#places.delete(member.id);
    else this.#places.set(member.id, others);
    this.#weighTwins(member.id);
    const { members } = member;
    for (const each of members?.values() ?? []) this.#drop(members as Level, each);
  }

  #weighTwins(id: string): void {
    const here = this.#hereOf(id);
    this.#twins.weigh(
      id,
      here.map(({ incarnation }) => incarnation),
    );
  }
}
