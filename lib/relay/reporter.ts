/**
 * Tells the one above who is below: figures, the few to look at first, and who came or left. With
 * a heartbeat at the most, and of bounded size whatever the tree's (P15), so that a master pays for
 * a relay what it pays for a slave.
 */
import type { BelowMessage, NodeBelow, NodeMove } from '../../machines/protocol.js';
import type { BelowStatus } from '../service/status.js';
import { LEFT_MAX } from '../service/subtree.js';
import { NODES_MAX } from '../wire/limits.js';
import type { RelayParts } from './relay-parts.js';

/** Nodes behind that are named. */
const BEHIND_MAX = 8;
/** Characters of names and reasons in either list. */
const CHARACTERS_MAX = 2048;
const REASON_LENGTH_MAX = 200;
/** Heartbeats after which the same is said again: a transport may have lost it. */
const AGAIN_HEARTBEATS = 10;
/** Probes come between heartbeats, and are no reason to say it more often. */
const BETWEEN_HEARTBEATS = 0.5;

/** Begins with that of each relay on the way, and with no other: ids are of any characters. */
function keyOf(way: readonly string[]): string {
  return way.map((name) => `${name.length}:${name}`).join('');
}

function keyOfMove({ id, via }: NodeMove): string {
  return keyOf([...via, id]);
}

/** As many as there is room for; at least one, so that every one is told some time. */
function within<T>(list: Iterable<T>, most: number, textsOf: (each: T) => readonly string[]): T[] {
  const taken: T[] = [];
  let characters = 0;
  for (const each of list) {
    for (const text of textsOf(each)) characters += text.length;
    if (taken.length === most || (taken.length > 0 && characters > CHARACTERS_MAX)) break;
    taken.push(each);
  }
  return taken;
}

function shortened({ problem, ...node }: NodeBelow): NodeBelow {
  if (problem === null) return { ...node, problem };
  return { ...node, problem: { ...problem, reason: problem.reason.slice(0, REASON_LENGTH_MAX) } };
}

export class Reporter {
  readonly #run: RelayParts;
  readonly #status: () => BelowStatus;
  /** Departures go first: who moved should not be at two places for long. */
  readonly #departures = new Map<string, NodeMove>();
  readonly #others = new Map<string, NodeMove>();
  /** Relays on the way of those that wait: of all others nobody below waits. */
  readonly #ways = new Set<string>();
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #said = '';
  #beats = 0;

  constructor(run: RelayParts, status: () => BelowStatus) {
    this.#run = run;
    this.#status = status;
  }

  readonly moved = (move: NodeMove): void => {
    const key = keyOfMove(move);
    this.#departures.delete(key);
    this.#others.delete(key);
    // With it, gone or back, all that was known of those below it is void.
    this.#forgetBelow(key);
    this.#wait(move.state === 'here' ? this.#others : this.#departures, key, move);
    // No more than are remembered of those that left; who is here is counted by the subtree.
    const [oldest] = this.#departures.keys();
    if (this.#departures.size > LEFT_MAX && oldest !== undefined) this.#departures.delete(oldest);
  };

  /** The one above knows nobody of ours: it begins anew with each welcome. */
  welcomed(): void {
    this.#departures.clear();
    this.#others.clear();
    this.#ways.clear();
    this.#said = '';
    // A departure after the relay that it was below: the one above would not know where it was.
    for (const move of this.#run.sessions.subtree.everybody()) {
      this.#wait(this.#others, keyOfMove(move), move);
    }
  }

  #wait(moves: Map<string, NodeMove>, key: string, move: NodeMove): void {
    moves.set(key, move);
    for (const depth of move.via.keys()) this.#ways.add(keyOf(move.via.slice(0, depth + 1)));
  }

  /** The master's heartbeat came by. */
  beat(): void {
    const { slave, settings } = this.#run;
    const { peer } = slave;
    const nowMs = settings.clock.now();
    const leastMs = slave.facts.heartbeatMs * BETWEEN_HEARTBEATS;
    if (peer === null || nowMs - this.#saidAtMs < leastMs) return;
    if (!settings.upstream.writable(peer)) return;
    const figures = this.#figures();
    const text = JSON.stringify(figures);
    this.#beats += 1;
    const isNews = text !== this.#said || this.#departures.size + this.#others.size > 0;
    if (!isNews && this.#beats < AGAIN_HEARTBEATS) return;
    this.#said = text;
    this.#saidAtMs = nowMs;
    this.#beats = 0;
    this.#send(peer, { ...figures, moves: this.#takeMoves() });
  }

  #figures(): Omit<BelowMessage, 'moves'> {
    const { relays, live, versions, behind } = this.#status();
    const named = within(behind.map(shortened), BEHIND_MAX, ({ id, via, problem }) => [
      id,
      ...via,
      problem?.reason ?? '',
    ]);
    return { kind: 'below', relays, live, versions, behind: named };
  }

  #takeMoves(): readonly NodeMove[] {
    const waiting = [...this.#departures.values(), ...this.#others.values()];
    const moves = within(waiting, NODES_MAX, ({ id, via }) => [id, ...via]);
    for (const move of moves) {
      this.#departures.delete(keyOfMove(move));
      this.#others.delete(keyOfMove(move));
    }
    if (this.#departures.size + this.#others.size === 0) this.#ways.clear();
    return moves;
  }

  /** Where frames are very short only the figures are told, or nothing. */
  #send(peer: string, message: BelowMessage): void {
    const { outbox, settings } = this.#run.slave;
    const { maxFrameBytes } = settings.transport.features;
    const shorter: BelowMessage = { ...message, behind: [], moves: [] };
    for (const each of [message, shorter]) {
      if (outbox.encode(each).length <= maxFrameBytes) return outbox.send(peer, each);
    }
  }

  /** Looks through all that waits only for a relay: thousands of slaves may come at once. */
  #forgetBelow(prefix: string): void {
    if (!this.#ways.delete(prefix)) return;
    for (const moves of [this.#departures, this.#others]) {
      for (const key of moves.keys()) if (key.startsWith(prefix)) moves.delete(key);
    }
  }
}
