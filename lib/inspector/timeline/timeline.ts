/**
 * What a page knows of a recording, whether it still grows or not: its lines, the world at any of
 * them, and lists over all of them. Reading is done in slices, so that a page stays usable.
 */
import type { Entry, Line } from '../entries.js';
import { type ActorState, ActorStories, type PastStep } from './actor-stories.js';
import { Arrivals } from './arrivals.js';
import { Changes } from './changes.js';
import { CODE_OF, type LineCode } from './line-index.js';
import { LineStore } from './line-store.js';
import { MessageFacts } from './message-facts.js';
import { MessagePairs } from './message-pairs.js';
import { Series } from './series.js';
import type { World } from './world.js';
import { entriesIn, Worlds } from './worlds.js';

/** Lines between two looks at the clock. */
const LINES_PER_LOOK = 32;

export interface TimelineOptions {
  /** Bytes of lines that are kept; the oldest make room. @default no limit */
  readonly bytesMax?: number;
}

export class Timeline {
  readonly store: LineStore;
  readonly changes: Changes;
  readonly messages: MessageFacts;
  readonly actors: ActorStories;
  readonly series = new Series();
  /** Lines where entries were left out, and where trouble was told, for marks on the slider. */
  readonly gaps: number[] = [];
  readonly troubles: number[] = [];
  readonly #worlds: Worlds;
  readonly #arrivals = new Arrivals();
  #hasPayloads = false;
  /** Item and id by node, for what tells of a node alone. */
  readonly #nodes = new Map<string, { readonly item: string; readonly id: string }>();

  constructor({ bytesMax = Number.POSITIVE_INFINITY }: TimelineOptions = {}) {
    this.store = new LineStore(bytesMax, (line, code) => this.#add(line, code));
    this.#worlds = new Worlds(this.store);
    this.changes = new Changes(this.store);
    this.messages = new MessageFacts(this.store);
    this.actors = new ActorStories(this.store);
  }

  /** Lines before this one are read: worlds, lists and plots tell of them. */
  get passed(): number {
    return this.#worlds.nextLine ?? this.store.end;
  }

  /** Whether payloads are in the lines, as the header said. */
  get hasPayloads(): boolean {
    return this.#hasPayloads;
  }

  get isRead(): boolean {
    return this.#worlds.nextLine === undefined;
  }

  /** Takes bytes of lines, as they come from a file or a connection. */
  append(bytes: Uint8Array): void {
    this.store.append(bytes);
  }

  /** The same from hosts that run now: when their lines come tells what their clocks may not. */
  arrive(bytes: Uint8Array, nowMs: number): void {
    this.#arrivals.note(this.store.end, nowMs);
    this.store.append(bytes);
  }

  /** When a line came, by the clock of who reads; null for one that did not come live. */
  arrivedAt(line: number): number | null {
    const at = this.#arrivals.of(line);
    if (at === null || !this.#arrivals.isHistory(line)) return at;
    // What was kept before somebody looked is older than when it comes.
    return Math.min(at, this.store.clockAt(line));
  }

  /** Reads on for so many milliseconds; true when nothing is left to read. */
  read(budgetMs: number, now: () => number): boolean {
    const deadline = now() + budgetMs;
    while (!this.isRead) {
      for (let count = 0; count < LINES_PER_LOOK; count += 1) this.#readNext();
      if (now() >= deadline) break;
    }
    if (this.isRead) this.store.trim((first) => this.#forgetBefore(first));
    return this.isRead;
  }

  /** The world before this line, of those that were read: `passed` is now. */
  worldAt(line: number): World {
    return this.#worlds.at(Math.min(Math.max(line, this.store.first), this.passed));
  }

  /** How an actor of this world stands in it; null for one that is not in it. */
  actorIn(world: World, actor: string): ActorState | null {
    const known = world.actors.get(actor);
    return known === undefined ? null : this.actors.at(known, world.line);
  }

  /** What an actor did last in this world, newest first. */
  pastOf(world: World, actor: string, count: number): PastStep[] {
    return this.actors.past(actor, world.line, count);
  }

  /** The messages from one index to another, paired; `world` tells who is who. */
  pairs(world: World, from: number, to: number): MessagePairs {
    const pairs = new MessagePairs();
    for (const { entry } of world.nodes.values()) pairs.takeNode(entry);
    for (const { entry, report } of world.nodes.values()) {
      const below = report?.report.slaves;
      if (below === undefined) continue;
      if (entry.role === 'slave') pairs.takeRelay(entry);
      for (const { id, peer } of below) {
        if (peer === null) continue;
        pairs.takePeer(entry.node, peer, { role: 'slave', item: entry.item, id });
      }
    }
    for (const fact of this.messages.between(from, to)) pairs.take(fact);
    return pairs;
  }

  /** The nearest line in this direction that `isWanted`, or where the recording ends. */
  nextLine(line: number, direction: 1 | -1, isWanted: (line: number) => boolean): number {
    const { first, end } = this.store;
    for (let next = line + direction; next >= first && next < end; next += direction) {
      if (isWanted(next)) return next;
    }
    return direction === 1 ? end : first;
  }

  isKind(line: number, kind: keyof typeof CODE_OF): boolean {
    return this.store.codeAt(line) === CODE_OF[kind];
  }

  #add(line: number, code: LineCode): void {
    if (Worlds.isMoving(code)) this.#worlds.add(line);
    else if (code === CODE_OF.step) this.actors.add(line);
    else if (code === CODE_OF.message) {
      this.messages.add(line);
      this.series.messages.add(this.store.timeAt(line));
    }
  }

  #readNext(): void {
    const line = this.#worlds.nextLine;
    if (line === undefined) return;
    const entry = this.store.parseAt(line);
    this.#worlds.pass(line, entry);
    if (entry?.kind === 'replichart-recording') this.#hasPayloads = entry.payloads;
    if (entry !== undefined) for (const each of entriesIn(entry)) this.#list(each, entry, line);
  }

  #list(entry: Entry, { kind }: Line, line: number): void {
    if (entry.kind === 'node') this.#nodes.set(entry.node, entry);
    else if (entry.kind === 'report') {
      const node = this.#nodes.get(entry.node);
      if (node !== undefined) this.series.takeReport(entry, node.item, node.id);
    } else if (entry.kind === 'change') {
      this.changes.take(entry, line);
      // What a keyframe repeats was counted when it happened.
      if (kind === 'change') this.series.takeChange(entry);
    } else if (entry.kind === 'gap') this.gaps.push(line);
    else if (entry.kind === 'trouble') this.troubles.push(line);
  }

  #forgetBefore(first: number): void {
    this.#worlds.forgetBefore(first, this.#baseAt(first));
    this.actors.forgetBefore(first);
    this.changes.forgetBefore(first);
    this.#arrivals.forgetBefore(first);
    this.messages.forgetBefore(first);
    this.series.forgetBefore(this.store.clockAt(first));
    for (const marks of [this.gaps, this.troubles]) {
      const stay = marks.findIndex((line) => line >= first);
      marks.splice(0, stay < 0 ? marks.length : stay);
    }
  }

  /** The world there, with actors as they stood: their steps before it are about to go. */
  #baseAt(first: number): World {
    const base = this.worldAt(first);
    for (const [id, actor] of base.actors) {
      const { value, context } = this.actors.at(actor, first);
      const entry = { ...actor.entry, value, context };
      base.actors.set(id, { ...actor, entry, line: first - 1 });
    }
    return base;
  }
}
