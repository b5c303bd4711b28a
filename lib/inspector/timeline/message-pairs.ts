/**
 * Pairs what was sent with where it arrived, over some part of a recording. Both ends tell of a
 * message; a pair is found by sender, incarnation and sequence number, or content without one.
 */
import { isSaidBySlavesOnly, type MessageKind } from '../../../machines/protocol.js';
import type { NodeEntry } from '../entries.js';
import type { MessageFact } from './message-facts.js';

/** One end of messages: a node in all its runs. */
export interface Lifeline {
  readonly key: string;
  readonly role: NodeEntry['role'];
  readonly item: string;
  readonly id: string;
}

export interface Target {
  /** As the transport of the sender names it. */
  readonly peer: string;
  /** Empty while nothing told who that is. */
  lifeline: string;
  /** Whether that node tells of what arrives. */
  isRecorded: boolean;
  /** Number of the line that tells of its arrival; null while none does. */
  line: number | null;
  at: number;
  isIgnored: boolean;
  reason: string;
}

/** A message that was sent; or one that arrived and whose sending nobody saw. */
export interface MessageRow {
  /** Of its sending, or of its arrival. */
  readonly line: number;
  readonly at: number;
  readonly name: MessageKind;
  readonly item: string;
  readonly round: string | null;
  readonly from: string;
  readonly targets: Target[];
  readonly bytes: number;
  readonly detail: string;
  /** False: only its arrival was seen. */
  readonly isSeenSent: boolean;
}

export const lifelineKey = (role: string, item: string, id: string): string =>
  `${item} ${role} ${id}`;

export class MessagePairs {
  readonly #rows: MessageRow[] = [];
  readonly #lifelines = new Map<string, Lifeline>();
  /** Keys of those that tell of themselves; of others only a master does. */
  readonly #recorded = new Set<string>();
  /** By the id that entries use for a run of a node. */
  readonly #lifelineOfNode = new Map<string, Lifeline>();
  readonly #masterOfItem = new Map<string, string>();
  /** Items of which there are relays: a slave's other side need not be the master. */
  readonly #relayed = new Set<string>();
  /** By node and peer: who answered from there. */
  readonly #peers = new Map<string, string>();
  readonly #waiting = new Map<string, MessageRow[]>();

  /** Arrivals without a sending, by identity: lines of several processes come out of order. */
  readonly #orphans = new Map<string, MessageRow[]>();
  /** Of those, the ones whose sending came later. */
  readonly #found = new Set<MessageRow>();

  /** In the order in which they were sent. */
  get rows(): readonly MessageRow[] {
    return this.#rows.filter((row) => !this.#found.has(row));
  }

  /** Masters first, then slaves, each by id. */
  get lifelines(): Lifeline[] {
    return [...this.#lifelines.values()].sort(
      (a, b) =>
        compare(a.item, b.item) ||
        compare(a.role, b.role) ||
        a.id.localeCompare(b.id, 'en', { numeric: true }),
    );
  }

  takeNode({ node, role, item, id }: NodeEntry): void {
    if (role === 'actor') return;
    const key = lifelineKey(role, item, id);
    const lifeline = this.#lifelines.get(key) ?? { key, role, item, id };
    this.#lifelines.set(key, lifeline);
    this.#recorded.add(key);
    this.#lifelineOfNode.set(node, lifeline);
    if (role === 'master') this.#masterOfItem.set(item, key);
  }

  /** The transport of `node` has `peer` as the name of this other node. */
  takePeer(node: string, peer: string, other: Omit<Lifeline, 'key'>): void {
    const key = lifelineKey(other.role, other.item, other.id);
    if (!this.#lifelines.has(key)) this.#lifelines.set(key, { ...other, key });
    this.#peers.set(`${node} ${peer}`, key);
  }

  takeRelay({ item }: NodeEntry): void {
    this.#relayed.add(item);
  }

  take(fact: MessageFact): void {
    if (fact.fate === 'sent') this.#takeSent(fact);
    else this.#takeArrived(fact);
  }

  #takeSent(fact: MessageFact): void {
    const row = this.#addRow(fact, this.#lifelineOfNode.get(fact.node)?.key ?? '', true);
    for (const peer of fact.peers) row.targets.push(this.#waitingFor(fact, peer));
    this.#adopt(row, fact.identity);
    const list = this.#waiting.get(fact.identity);
    if (list === undefined) this.#waiting.set(fact.identity, [row]);
    else list.push(row);
  }

  #takeArrived(fact: MessageFact): void {
    const receiver = this.#lifelineOfNode.get(fact.node)?.key ?? '';
    const sender = this.#senderOf(fact);
    for (const peer of fact.peers) this.takePeer(fact.node, peer, sender);
    const from = lifelineKey(sender.role, sender.item, sender.id);
    const found = firstOpen(this.#waiting.get(fact.identity) ?? [], receiver);
    const { line, at, reason } = fact;
    const isIgnored = fact.fate === 'ignored';
    const arrival = { lifeline: receiver, isRecorded: true, line, at, isIgnored, reason };
    if (found !== undefined) {
      Object.assign(found, arrival);
      return;
    }
    // Its sending comes later, or was not seen; or it came more often than it was sent.
    const row = this.#addRow(fact, from, false);
    row.targets.push({ peer: fact.peers[0] ?? '', ...arrival });
    const orphans = this.#orphans.get(fact.identity);
    if (orphans === undefined) this.#orphans.set(fact.identity, [row]);
    else orphans.push(row);
  }

  /** Arrivals that were told of before this sending. */
  #adopt(row: MessageRow, identity: string): void {
    for (const orphan of this.#orphans.get(identity) ?? []) {
      const [arrival] = orphan.targets;
      if (arrival === undefined || this.#found.has(orphan)) continue;
      const target = firstOpen([row], arrival.lifeline);
      if (target === undefined) continue;
      Object.assign(target, arrival, { peer: target.peer });
      this.#found.add(orphan);
    }
  }

  #addRow(fact: MessageFact, from: string, isSeenSent: boolean): MessageRow {
    const { line, at, name, item, round, bytes, detail } = fact;
    const row = { line, at, name, item, round, from, targets: [], bytes, detail, isSeenSent };
    this.#rows.push(row);
    return row;
  }

  /** Slaves say other words than masters do; a relay says both, and is the slave of its id. */
  #senderOf({ node, item, sender, name }: MessageFact): Omit<Lifeline, 'key'> {
    const isOfSlave = isSaidBySlavesOnly(name) || this.#lifelineOfNode.get(node)?.role === 'master';
    const isRelay =
      this.#lifelines.has(lifelineKey('slave', item, sender)) &&
      !this.#lifelines.has(lifelineKey('master', item, sender));
    return { role: isOfSlave || isRelay ? 'slave' : 'master', item, id: sender };
  }

  #waitingFor(fact: MessageFact, peer: string): Target {
    const lifeline = this.#whoIs(fact, peer);
    const isRecorded = this.#recorded.has(lifeline);
    return { peer, lifeline, isRecorded, line: null, at: 0, isIgnored: false, reason: '' };
  }

  /** A slave has one other side; of a master's peers those that said something are known. */
  #whoIs({ node }: MessageFact, peer: string): string {
    const known = this.#peers.get(`${node} ${peer}`);
    if (known !== undefined) return known;
    const lifeline = this.#lifelineOfNode.get(node);
    if (lifeline?.role !== 'slave' || this.#relayed.has(lifeline.item)) return '';
    return this.#masterOfItem.get(lifeline.item) ?? '';
  }
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** The oldest sending that this receiver has not answered for: equal messages come in order. */
function firstOpen(list: readonly MessageRow[], receiver: string): Target | undefined {
  const open = list.map(({ targets }) => targets.filter(({ line }) => line === null));
  for (const targets of open) {
    const own = targets.find(({ lifeline }) => lifeline === receiver);
    if (own !== undefined) return own;
  }
  for (const targets of open) {
    const unknown = targets.find(({ lifeline }) => lifeline === '');
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

export type Fate = 'arrived' | 'ignored' | 'under-way' | 'lost' | 'unseen';

/** A message that both ends would have told of, and that did not arrive within this, is lost. */
export const LOST_AFTER_MS = 2000;

/**
 * What had become of it before `line`, at `now`. `unseen`: nothing of the other end is recorded,
 * so nothing is known.
 */
export function fateOf(row: MessageRow, target: Target, line: number, now: number): Fate {
  if (target.line !== null && target.line < line) return target.isIgnored ? 'ignored' : 'arrived';
  if (!target.isRecorded) return 'unseen';
  return now - row.at > LOST_AFTER_MS && target.line === null ? 'lost' : 'under-way';
}
