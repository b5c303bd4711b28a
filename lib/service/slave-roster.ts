/**
 * Every slave this master knows: who it is, where it stood last, and the session of its present
 * connection. Remembered slaves survive their connections, so that the person on call sees who
 * is missing, and a restart of the master knows whom `participants: 'known'` means.
 */
import type { HelloMessage, Point } from '../../machines/protocol.js';
import type { SessionEffects, sessionMachine } from '../../machines/session.js';
import type { PeerId } from '../transports/contract.js';
import type { ProtocolActor } from './actor.js';

export type SessionActor = ProtocolActor<typeof sessionMachine, SessionEffects>;

/** One connection of one process life of a slave. */
export interface Session {
  readonly slave: string;
  readonly incarnation: string;
  readonly peer: PeerId;
  readonly actor: SessionActor;
  /** The newest one: what it tells is what holds when the session is accepted. */
  hello: HelloMessage;
  /** Has a store: its confirmations can reach `disk`. */
  readonly durable: boolean;
}

export interface KnownSlave {
  readonly id: string;
  session: Session | null;
  incarnation: string;
  position: Point;
  /** Its position is a point of this master's own history, as far as that is remembered. */
  isOwn: boolean;
  heardAtMs: number;
  /** Missed vote deadlines in a row (P14). */
  failures: number;
  problem: { readonly code: string; readonly reason: string } | null;
}

export class SlaveRoster {
  readonly #slaves = new Map<string, KnownSlave>();
  readonly #sessions = new Map<PeerId, Session>();
  /** Sessions that came while another process life held their id; nearly always none (P13). */
  readonly #rivals = new Set<Session>();
  /** Counts slaves that became known, or were forgotten. */
  changes = 0;

  get all(): Iterable<KnownSlave> {
    return this.#slaves.values();
  }

  get size(): number {
    return this.#slaves.size;
  }

  get(id: string): KnownSlave | undefined {
    return this.#slaves.get(id);
  }

  /** The slave's record, made at first sight. */
  know(id: string, nowMs: number): KnownSlave {
    const known = this.#slaves.get(id);
    if (known !== undefined) return known;
    const fresh: KnownSlave = {
      id,
      session: null,
      incarnation: '',
      position: { version: 0, digest: '' },
      isOwn: false,
      heardAtMs: nowMs,
      failures: 0,
      problem: null,
    };
    this.#slaves.set(id, fresh);
    this.changes += 1;
    return fresh;
  }

  /**
   * Who confirmed `version`, of `among`. A number alone proves nothing: one that stands past a
   * succession, or on a fork, shows a higher one without holding what this one means.
   */
  confirmedAt(version: number, among?: readonly string[]): readonly string[] {
    const wanted = among && new Set(among);
    const ids: string[] = [];
    for (const { id, position, isOwn } of this.all) {
      if (isOwn && position.version >= version && wanted?.has(id) !== false) ids.push(id);
    }
    return ids;
  }

  forget(id: string): KnownSlave | undefined {
    const known = this.#slaves.get(id);
    if (this.#slaves.delete(id)) this.changes += 1;
    return known;
  }

  sessionOf(peer: PeerId): Session | undefined {
    return this.#sessions.get(peer);
  }

  /** `isRival`: it may have to wait for word of the present holder of its id. */
  addSession(session: Session, isRival: boolean): void {
    this.#sessions.set(session.peer, session);
    if (isRival) this.#rivals.add(session);
  }

  /** Looked at with every message of every slave: it must not cost what all slaves cost. */
  get rivals(): Iterable<Session> {
    return this.#rivals;
  }

  /** It is accepted, or refused, for good. */
  settleRival(session: Session): void {
    this.#rivals.delete(session);
  }

  /** The connection is over; the slave stays known. */
  removeSession(peer: PeerId): Session | undefined {
    const session = this.#sessions.get(peer);
    if (session === undefined) return undefined;
    this.#sessions.delete(peer);
    this.#rivals.delete(session);
    const known = this.#slaves.get(session.slave);
    if (known?.session === session) known.session = null;
    return session;
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }
}

/** Whether messages are pushed to this session now. */
export function isPushed(session: Session | null): session is Session {
  if (session === null) return false;
  const state = session.actor.snapshot.value;
  return state === 'following' || state === 'syncing';
}
