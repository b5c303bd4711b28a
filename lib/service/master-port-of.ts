/** What sessions and inbox see of one run of a master. */
import type { MasterContext } from '../../machines/master-context.js';
import { announcement } from '../../machines/master-logic.js';
import { compareEpochs } from '../../machines/position.js';
import type { Point, Position } from '../../machines/protocol.js';
import type { MasterParts } from './master-parts.js';
import type { MasterPort } from './master-port.js';
import { bytesOf } from './payload.js';

function positionOf({ lineage, epoch }: MasterContext, point: Point): Position {
  return { lineage, epoch, ...point };
}

/** A decided round counts as history before the original took it: slaves may be there (P10). */
function headOf(run: MasterParts): Point {
  const { round, position } = run.context;
  const isDecided = run.actor.snapshot.hasTag('decided');
  return isDecided && round !== null ? round.to : position;
}

/** Builders of what slaves ask for; each names the position it leads to. */
function builders(
  run: MasterParts,
): Pick<MasterPort, 'makeDelta' | 'makeSnapshot' | 'roundPayload'> {
  const durability = () => run.original.durability();
  return {
    makeDelta: async (from) => {
      const to = positionOf(run.context, run.context.position);
      const bytes = await run.original.createDelta(from.version, to.version);
      if (bytes === null) return null;
      const facts = { kind: 'delta', from, to, durability: durability(), round: null } as const;
      return { facts, bytes };
    },
    makeSnapshot: async () => {
      const { position, chunks } = await run.original.createSnapshot();
      const from = { version: 0, digest: '' };
      const facts = { kind: 'snapshot', from, to: position, durability: durability(), round: null };
      return { facts: { ...facts, kind: 'snapshot' as const }, chunks };
    },
    roundPayload: () => {
      const { round } = run.context;
      if (round === null) return null;
      const { id, from, to, payload } = round;
      const facts = { from, to: positionOf(run.context, to), durability: durability(), round: id };
      return { facts: { ...facts, kind: 'delta' as const }, bytes: bytesOf(payload) };
    },
  };
}

/** A fenced or halted master has no word to say; its slaves shall show why (S10, P9). */
function refusalOf(run: MasterParts) {
  const { snapshot } = run.actor;
  if (snapshot.hasTag('serving')) return null;
  const code = snapshot.matches('fenced')
    ? 'FENCED'
    : snapshot.matches('halted')
      ? 'STORE_FAILED'
      : 'NOT_RUNNING';
  const reason = snapshot.context.problem?.reason ?? 'it was stopped';
  return {
    code,
    message: `the master of "${run.settings.item}" does not serve any more: ${reason}`,
  };
}

function facts(run: MasterParts) {
  return {
    refusal: () => refusalOf(run),
    lineage: () => run.context.lineage,
    position: () => run.context.position,
    snapshotPoint: () => run.context.position,
    firm: () => run.context.firm,
    openRound: () => run.context.round?.id ?? null,
    head: () => headOf(run),
    reigns: () => run.context.reigns,
    digestAt: (version: number) => run.history.digestAt(version),
    isVolatile: !run.storage.isDurable,
    heartbeatMs: run.settings.heartbeatMs,
    sequence: () => run.outbox.sequence,
    announcement: () => run.outbox.stamp(announcement(run.context, true)),
  };
}

export function masterPort(run: MasterParts): MasterPort {
  const send: MasterParts['actor']['send'] = (event) => run.actor.send(event);
  return {
    ...facts(run),
    ...builders(run),
    slaveCame: (slave, holds) => {
      run.saveKnown();
      // What its earlier life said counts as said before it came again, and is void with it (P13).
      run.votes.flush();
      send({ type: 'slaveReturned', slave: slave.id, holds });
      run.tellSlave(slave);
      run.waits.check();
    },
    slaveLeft: (slave, reason) => {
      // A cut connection is no farewell: its votes are awaited until the deadline (P14).
      if (reason !== null) {
        run.votes.flush();
        send({ type: 'slaveLost', slave: slave.id, reason });
      }
      run.tellSlave(slave);
    },
    voted: (vote) => {
      const open = run.queue.open;
      // A late vote of an earlier round says nothing about this one, nor one of somebody not asked.
      if (open?.group.id === vote.round && open.progress.has(vote.slave)) {
        open.progress.set(vote.slave, vote.answer === 'yes' ? 'prepared' : 'vetoed');
      }
      run.votes.add(vote);
    },
    confirmed: (slave, position, settled, round) => {
      if (position.version >= run.context.position.version) slave.failures = 0;
      if (run.unconfirmed.has(slave.id)) {
        run.confirmations.add({ slave: slave.id, position, settled, round });
      }
      run.changes?.look();
      run.waits.check();
      run.tellSlave(slave);
    },
    inquired: (slave, { prepared }) => {
      const digestAtTo = run.history.digestAt(prepared.to.version);
      send({ type: 'inquired', slave: slave.id, prepared, digestAtTo });
    },
    seen: ({ lineage, epoch, sender }) => {
      if (lineage !== run.context.lineage || compareEpochs(epoch, run.context.epoch) === 0) return;
      send({ type: 'epochSeen', epoch, sender });
    },
    refusedBy: ({ envelope, code, message }) => {
      if (code !== 'FENCED') return run.trouble(code, `${envelope.sender}: ${message}`);
      send({ type: 'rivalSeen', sender: envelope.sender, incarnation: message });
    },
    versionShown: (version, ahead) => send({ type: 'versionShown', version, ahead }),
    trouble: (code, reason) => run.trouble(code, reason),
  };
}
