/**
 * Reads along on the wire of every node: what it says must already be true of its disk (S4, P1,
 * P8, P9), and what is said tells which branches a run came past.
 */
import type { Enveloped, Message, Point, Position } from '../../../machines/protocol.js';
import type { StorageRole } from '../../stores/item-keys.js';
import type { PeerId } from '../../transports/contract.js';
import { decodeFrame } from '../../wire/frame.js';
import type { Coverage, Mark } from './coverage.js';
import type { SimulatedDisk } from './disk.js';
import { recordIn, recordsLike } from './disk-records.js';
import type { Oracle } from './oracle.js';
import type { Trace } from './trace.js';

const OUTCOME_MARKS: Readonly<Record<string, Mark>> = {
  committed: 'an inquiry was answered committed',
  aborted: 'an inquiry was answered aborted',
  pending: 'an inquiry was answered pending',
  unknown: 'an inquiry was answered unknown',
};

const SNAPSHOT_MARKS: Readonly<Record<string, Mark>> = {
  empty: 'a snapshot went to an empty slave',
  trimmed: 'a snapshot replaced a trimmed history',
  fork: 'a snapshot replaced a fork',
};

/** A version outlives the power by its commit, or by its decision, which a restart redoes. */
function isDurable({ synced }: SimulatedDisk, item: string, version: number): boolean {
  const position = recordIn(synced, 'master', item, 'position') as Position | undefined;
  if (position !== undefined && position.version >= version) return true;
  const decisions = recordsLike(synced, 'master', item, 'decision/') as { to: Point }[];
  return decisions.some(({ to }) => to.version >= version);
}

export interface WatchedNode {
  readonly name: string;
  readonly role: StorageRole;
  /** Null where the node has no disk: it promises nothing that outlives it. */
  readonly disk: SimulatedDisk | null;
}

export class WireWatch {
  readonly #oracle: Oracle;
  readonly #coverage: Coverage;
  readonly #trace: Trace;
  /** Slaves that said hello and did not ask for anything since. */
  readonly #fresh = new Set<string>();
  /** Lives and the rounds they said yes to. */
  readonly #yes = new Set<string>();
  /** Told of each part of a transfer that is not its last. */
  onPart: (master: string, slaves: readonly string[]) => void = () => {};

  constructor(oracle: Oracle, coverage: Coverage, trace: Trace) {
    this.#oracle = oracle;
    this.#coverage = coverage;
    this.#trace = trace;
  }

  /** Decodes what a node sends and checks it; answers the message. */
  sent(node: WatchedNode, frame: Uint8Array, peers: readonly PeerId[]): Enveloped {
    this.#trace.bytes(node.name, frame);
    const message = decodeFrame(frame);
    if (node.role === 'master') this.#masterSent(node, message);
    else this.#slaveSent(node, message);
    const isPart = message.kind === 'delta' || message.kind === 'snapshot';
    // The memory network names a peer after its other end: `s1#7`.
    if (isPart && !message.last)
      this.onPart(
        node.name,
        peers.map((peer) => peer.split('#')[0] ?? ''),
      );
    return message;
  }

  #masterSent({ name, disk }: WatchedNode, message: Enveloped): void {
    const { item } = message.envelope;
    this.#mark(message);
    if (disk === null) return;
    const isThere = (version: number): boolean => isDurable(disk, item, version);
    if (message.kind === 'commit' && !isThere(message.to.version)) {
      this.#oracle.note(`P9: ${name} sent commit ${message.to.version} undecided on disk`);
    }
    if (!('firm' in message) || message.firm === null) return;
    const { version } = message.firm;
    if (isThere(version)) return;
    this.#oracle.note(`P1: ${name} promised version ${version} on disk, which is not there`);
  }

  /**
   * The first yes of a life comes after its promise is on disk. A repeated one may cross the end
   * of the round, which takes the promise off the disk before the machine is told.
   */
  #checkVote(name: string, disk: SimulatedDisk, item: string, vote: string, round: string): void {
    if (this.#yes.has(vote)) return;
    this.#yes.add(vote);
    const promise = recordIn(disk.synced, 'slave', item, 'promise') as
      | { round: string }
      | undefined;
    if (promise?.round === round) return;
    this.#oracle.note(`P8: ${name} voted yes before its promise was on disk (S4)`);
  }

  #slaveSent({ name, disk }: WatchedNode, message: Enveloped): void {
    const { item, incarnation } = message.envelope;
    if (message.kind === 'hello') this.#fresh.add(name);
    if (message.kind === 'request') {
      const isResumed = this.#fresh.delete(name) && message.build !== null && message.next > 0;
      if (isResumed) this.#coverage.hit('a transfer was resumed');
    }
    if (disk === null) return;
    if (message.kind === 'vote' && message.answer === 'yes') {
      this.#checkVote(name, disk, item, `${incarnation} ${message.round}`, message.round);
    }
    if (message.kind === 'ack' && message.durability === 'disk' && message.position !== null) {
      const held = recordIn(disk.synced, 'slave', item, 'position') as Position | undefined;
      if ((held?.version ?? 0) < message.position.version) {
        this.#oracle.note(`P20: ${name} confirmed ${message.position.version} before its disk did`);
      }
    }
  }

  #mark(message: Message): void {
    if (message.kind === 'outcome') this.#hit(OUTCOME_MARKS[message.outcome]);
    if (message.kind === 'refused' && message.code === 'DUPLICATE_ID') {
      this.#hit('a duplicate id was refused');
    }
    if (message.kind !== 'delta' && message.kind !== 'snapshot') return;
    if (message.kind === 'delta') this.#hit('a delta was pulled');
    else if (message.reason !== null) this.#hit(SNAPSHOT_MARKS[message.reason]);
    if (message.index > 0) this.#hit('a transfer of several parts');
  }

  #hit(mark: Mark | undefined): void {
    if (mark !== undefined) this.#coverage.hit(mark);
  }
}
