/**
 * One ordered record of what happened in a cluster: every frame at every side, every call into
 * every user layer. A claim is about who told whom what, in which order: that is asserted on it.
 */
import * as assert from 'uvu/assert';
import type { ChunkMessage, Enveloped, Message, MessageKind } from '../../machines/protocol.js';

/** `held` frames wait at their receiver or sender until the test lets them go. */
export type FrameFate = 'sent' | 'received' | 'dropped' | 'held';

type MessageOf<K extends MessageKind> = K extends 'delta' | 'snapshot'
  ? ChunkMessage
  : Extract<Message, { kind: K }>;

export interface Frame<K extends MessageKind = MessageKind> {
  readonly at: number;
  readonly type: FrameFate;
  /** The side at whose transport it was seen. */
  readonly owner: string;
  /** The ids of the slaves it went to, or the sender of a received one. */
  readonly peers: readonly string[];
  readonly isMulticast: boolean;
  readonly message: Enveloped<MessageOf<K>>;
  readonly bytes: Uint8Array;
}

export interface LayerCall {
  readonly at: number;
  readonly type: 'call';
  readonly owner: string;
  readonly method: string;
  readonly args: readonly unknown[];
  result?: unknown;
  thrown?: unknown;
}

type Entry = Frame | LayerCall;

export class Journal {
  #entries: Entry[] = [];
  #count = 0;

  /** Starts anew, so that a test speaks only of what it caused itself; the answer is the past. */
  clear(): Journal {
    const past = new Journal();
    past.#entries = this.#entries;
    this.#entries = [];
    return past;
  }

  noteFrame(frame: Omit<Frame, 'at'>): void {
    this.#entries.push({ at: this.#next(), ...frame });
  }

  noteCall(owner: string, method: string, args: readonly unknown[]): LayerCall {
    const call: LayerCall = { at: this.#next(), type: 'call', owner, method, args };
    this.#entries.push(call);
    return call;
  }

  calls(owner: string, method: string): LayerCall[] {
    return this.#entries.filter(
      (entry): entry is LayerCall =>
        entry.type === 'call' && entry.owner === owner && entry.method === method,
    );
  }

  sent<K extends MessageKind>(owner: string, kind: K): Frame<K>[] {
    return this.#frames('sent', owner, kind);
  }

  received<K extends MessageKind>(owner: string, kind: K): Frame<K>[] {
    return this.#frames('received', owner, kind);
  }

  held<K extends MessageKind>(owner: string, kind: K): Frame<K>[] {
    return this.#frames('held', owner, kind);
  }

  dropped<K extends MessageKind>(owner: string, kind: K): Frame<K>[] {
    return this.#frames('dropped', owner, kind);
  }

  /**
   * Everything at one side, in words: `received announce`, `call commit`. Questions for the
   * position are left out: the test's own waits ask them, too.
   */
  wordsOf(owner: string): string[] {
    return this.#entries
      .filter((entry) => entry.owner === owner)
      .filter((entry) => entry.type !== 'call' || entry.method !== 'position')
      .map((entry) =>
        entry.type === 'call' ? `call ${entry.method}` : `${entry.type} ${entry.message.kind}`,
      );
  }

  #frames<K extends MessageKind>(type: FrameFate, owner: string, kind: K): Frame<K>[] {
    const isFrame = (entry: Entry): entry is Entry & Frame<K> =>
      entry.type === type && entry.owner === owner && entry.message.kind === kind;
    return this.#entries.filter(isFrame);
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** The only element. @throws when there is none, or more than one */
export function only<T>(found: readonly T[], what: string): T {
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${what}: expected one, found ${found.length}`);
  }
  return first;
}

/** The first element. @throws when there is none */
export function first<T>(found: readonly T[], what: string): T {
  const [element] = found;
  if (element === undefined) throw new Error(`${what}: none`);
  return element;
}

/** Asserts that these happened in this order. */
export function assertOrder(...steps: ReadonlyArray<readonly [string, { readonly at: number }]>) {
  const told = steps.map(([name, { at }]) => ({ name, at }));
  const sorted = [...told].sort((left, right) => left.at - right.at);
  assert.equal(
    sorted.map(({ name }) => name),
    told.map(({ name }) => name),
  );
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
