/**
 * What a lease service owes to a node: one small durable record that is changed by
 * compare-and-set, and a way for the nodes to ask each other. Who may lead, when a lease counts as
 * lost and what its number means is not its affair (`lease-keeper.ts`): a service is some forty
 * lines over whatever a site already runs.
 */
import type { Succession } from '../../machines/succession.js';
import type { ReplicationError } from '../errors.js';

/** What the record says. */
export interface LeaseValue {
  /** Id of the node that holds the lease; null while nobody does. */
  readonly holder: string | null;
  /** Rises with each holder, for ever: it becomes the term. */
  readonly fence: number;
  /** Who the lease was left to; others wait a while. */
  readonly heir: string | null;
  /** Where the last terms began, so that a node that was long away knows of its fork. */
  readonly successions: readonly Succession[];
}

export interface LeaseRecord extends LeaseValue {
  /** Names this state of the record for compare-and-set; rises with every write. */
  readonly revision: number;
}

/** A node as its lease service sees it. None of these throws. */
export interface LeaseMember {
  readonly id: string;
  readonly item: string;
  /** Answers what another node asked: plain data (JSON) both ways; null for no answer. */
  answer(question: unknown): Promise<unknown>;
  /** Told of the record after each write of anybody's; may be late or leave some out. */
  changed(record: LeaseRecord): void;
  /** Something people should know; never fatal. */
  troubled(error: ReplicationError): void;
}

/** When to stop waiting for answers, in this order of patience. */
export interface AskLimits {
  /** Milliseconds after which nobody is waited for. */
  readonly timeoutMs: number;
  /** So many answers are all there can be. */
  readonly all: number;
  /** With so many, the rest is given only `graceMs` more. */
  readonly most: number;
  readonly graceMs: number;
}

/**
 * Each answer has to come well within a lease. One that takes longer than a lease, throws, or is no
 * record counts as none (`TIMEOUT`, `PROTOCOL` as `trouble`): the node does not lead by it.
 */
export interface LeaseSession {
  /** The record as it is now; null when there was none ever. */
  read(): Promise<LeaseRecord | null>;
  /**
   * Writes if the record is still at `expected` (null: if there is none); null when it is not.
   * A rejection leaves open whether it was written. The record holds the whole of `next`: a node
   * does not lead before it has where its term began back from here.
   */
  write(next: LeaseValue, expected: number | null): Promise<LeaseRecord | null>;
  /** Asks every other member of the item; resolves with what arrived, never rejects. */
  ask(question: unknown, limits: AskLimits): Promise<readonly unknown[]>;
  leave(): Promise<void>;
}

/** What `createNode` takes as `lease`. */
export interface LeaseService {
  /**
   * Milliseconds, from 1 to 2^30 - 1. A holder that did not renew for so long, by its own clock,
   * confirms nothing more; another node may take the lease after it saw no renewal for so long, by
   * its own.
   */
  readonly leaseMs: number;
  /** False: nodes are promoted by order only (`node.promote()`). */
  readonly isAutomatic: boolean;
  /** @throws {ReplicationError} when the service cannot be used at all */
  join(member: LeaseMember): Promise<LeaseSession>;
}
