/**
 * A second process life under one id: the earlier holder is asked for a sign of life, and its
 * answer or its end tells the sessions that wait for it (P13).
 */
import type { MasterTransport } from '../transports/contract.js';
import type { MasterPort } from './master-port.js';
import type { Outbox } from './outbox.js';
import type { Session, SlaveRoster } from './slave-roster.js';

interface RivalsParts {
  readonly roster: SlaveRoster;
  readonly transport: MasterTransport;
  readonly outbox: Outbox;
  readonly port: Pick<MasterPort, 'announcement'>;
}

export class Rivals {
  readonly #parts: RivalsParts;

  constructor(parts: RivalsParts) {
    this.#parts = parts;
  }

  /** Asks the earlier holder of an id for a sign of life: any message of its is one. */
  probe(slave: string): void {
    const { roster, outbox, port } = this.#parts;
    const rival = roster.get(slave)?.session ?? null;
    if (rival !== null) outbox.send(rival.peer, port.announcement());
  }

  /** It gave none: the id is the newcomer's. */
  replace(session: Session): void {
    const { roster, transport } = this.#parts;
    const rival = roster.get(session.slave)?.session ?? null;
    if (rival === null || rival === session) return;
    roster.removeSession(rival.peer);
    rival.actor.stop();
    transport.disconnect(rival.peer);
  }

  /** Sessions that wait for word of the earlier holder of their id. */
  tell(slave: string, type: 'rivalAnswered' | 'rivalGone'): void {
    for (const session of this.#parts.roster.rivals) {
      const isWaiting = session.actor.snapshot.value === 'probing';
      if (!isWaiting) this.#parts.roster.settleRival(session);
      else if (session.slave === slave) session.actor.send({ type });
    }
  }
}
