/** The rows of the slaves below a relay: derived, never stored. */
import { ORIGIN } from '../../machines/position.js';
import { describeSlave, type InfoGrounds } from '../service/slave-info.js';
import type { KnownSlave } from '../service/slave-roster.js';
import type { SlaveInfo } from '../service/status.js';
import type { RelayParts } from './relay-parts.js';

function groundsOf(run: RelayParts): InfoGrounds {
  const { facts } = run.slave;
  const { round, votes } = run.context;
  const names = new Set(round?.participants);
  return {
    context: { position: facts.target ?? ORIGIN, votes },
    history: run.layer.log,
    nowMs: run.settings.clock.now(),
    heartbeatMs: facts.heartbeatMs,
    asked: (id) => names.has(id),
  };
}

export function rowOf(run: RelayParts, slave: KnownSlave): SlaveInfo {
  return describeSlave(slave, groundsOf(run));
}

/** Furthest behind first: the one people look for is on top. */
export function rowsOf(run: RelayParts): readonly SlaveInfo[] {
  const grounds = groundsOf(run);
  return [...run.roster.all]
    .map((slave) => describeSlave(slave, grounds))
    .sort((left, right) => right.lag - left.lag || (left.id < right.id ? -1 : 1));
}
