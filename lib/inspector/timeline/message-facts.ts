/** What the message chart needs of each message line, kept for the parts one looked at. */
import type { MessageKind } from '../../../machines/protocol.js';
import type { MessageEntry } from '../entries.js';
import { words } from './growing.js';
import type { LineStore } from './line-store.js';
import { detailOf, identityOf, messageOf, roundOf } from './message-identity.js';

export interface MessageFact {
  readonly line: number;
  readonly at: number;
  readonly node: string;
  readonly fate: MessageEntry['fate'];
  readonly peers: readonly string[];
  readonly name: MessageKind;
  readonly item: string;
  readonly sender: string;
  readonly round: string | null;
  readonly identity: string;
  readonly bytes: number;
  readonly reason: string;
  /** What it says, in a few words. */
  readonly detail: string;
}

/** Lines that are read at a time. */
const CHUNK = 128;
/** Of chunks: some tens of thousands of messages. */
const CHUNKS_MAX = 256;

function factOf(entry: MessageEntry, line: number): MessageFact {
  const { item, sender } = messageOf(entry).envelope;
  const { at, node, fate, peers, name, bytes, reason = '' } = entry;
  const round = roundOf(entry);
  const identity = identityOf(entry);
  const about = { item, sender, round, identity, detail: detailOf(entry) };
  return { line, at, node, fate, peers, name, bytes, reason, ...about };
}

export class MessageFacts {
  readonly #store: LineStore;
  readonly #lines = words();
  readonly #chunks = new Map<number, readonly MessageFact[]>();

  constructor(store: LineStore) {
    this.#store = store;
  }

  /** A message line came. */
  add(line: number): void {
    this.#lines.push(line);
  }

  get count(): number {
    return this.#lines.length;
  }

  /** Number of message lines before this line. */
  countBefore(line: number): number {
    return this.#lines.firstAbove(line - 1);
  }

  /** Number of the line of the message with this index. */
  lineOf(index: number): number {
    return this.#lines.get(index);
  }

  /** The facts from one index to another. */
  between(from: number, to: number): MessageFact[] {
    const facts: MessageFact[] = [];
    const end = Math.min(to, this.#lines.length);
    for (let chunk = Math.floor(from / CHUNK); chunk * CHUNK < end; chunk += 1) {
      for (const [offset, fact] of this.#chunk(chunk).entries()) {
        const index = chunk * CHUNK + offset;
        if (index >= from && index < end) facts.push(fact);
      }
    }
    return facts;
  }

  forgetBefore(first: number): void {
    this.#lines.cut(this.#lines.firstAbove(first - 1));
    this.#chunks.clear();
  }

  #chunk(chunk: number): readonly MessageFact[] {
    const known = this.#chunks.get(chunk);
    const end = Math.min((chunk + 1) * CHUNK, this.#lines.length);
    const read = known ?? [];
    const from = chunk * CHUNK + read.length;
    if (known !== undefined && from === end) return known;
    // Of a recording that grows, the newest chunk is read on.
    const facts = [...read];
    for (let index = from; index < end; index += 1) facts.push(this.#factAt(index));
    if (this.#chunks.size >= CHUNKS_MAX) {
      for (const oldest of this.#chunks.keys()) {
        this.#chunks.delete(oldest);
        break;
      }
    }
    this.#chunks.set(chunk, facts);
    return facts;
  }

  #factAt(index: number): MessageFact {
    const line = this.#lines.get(index);
    try {
      // Not by `readLine`: looking at every field of a line takes five times as long as parsing
      // it, and this looks only at what it uses.
      return factOf(JSON.parse(this.#store.textAt(line)) as MessageEntry, line);
    } catch {
      return damagedFact(line, this.#store);
    }
  }
}

/** Stands for a line that cannot be read, so that indexes stay those of the lines. */
function damagedFact(line: number, store: LineStore): MessageFact {
  const about = { item: '', sender: '', round: null, identity: '', detail: 'damaged' };
  const reason = 'this line of the recording is damaged';
  const at = store.timeAt(line);
  return {
    line,
    at,
    node: '',
    fate: 'ignored',
    peers: [],
    name: 'refused',
    bytes: 0,
    reason,
    ...about,
  };
}
