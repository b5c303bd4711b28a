/** What sessions and serving see of a relay: the master's words, and the relay's own copy. */
import { ORIGIN, pointOf, samePoint } from '../../machines/position.js';
import type { Point, Position } from '../../machines/protocol.js';
import type { MasterPort } from '../service/master-port.js';
import { bytesOf } from '../service/payload.js';
import { type RelayParts, stampOf } from './relay-parts.js';

function positionAt(run: RelayParts, point: Point): Position {
  const { lineage, epoch } = run.slave.facts;
  return { lineage: lineage ?? '', epoch, ...point };
}

function facts(run: RelayParts) {
  const { slave } = run;
  return {
    refusal: () => null,
    lineage: () => slave.facts.lineage ?? '',
    position: () => stampOf(slave.facts).position,
    firm: () => slave.facts.masterFirm,
    openRound: () => slave.facts.openRound,
    // Where terms began is not told to slaves: what a relay knows of forks, it knows by digests.
    reigns: () => [],
    // What the copy holds is the master's history; while it is not, only what the master said is.
    head: () => {
      const { standing, position, target } = slave.facts;
      return standing === 'following' ? pointOf(position) : (target ?? ORIGIN);
    },
    digestAt: (version: number) => run.digestAt(version),
    sequence: () => slave.facts.sequence,
    announcement: () => ({
      kind: 'announce' as const,
      ...stampOf(slave.facts),
      links: [],
      reply: true,
    }),
  };
}

/** Increments leave as they came, one at a time; further ones follow in an announcement. */
function builders(
  run: RelayParts,
): Pick<MasterPort, 'snapshotPoint' | 'makeDelta' | 'makeSnapshot' | 'roundPayload'> {
  const { log } = run.layer;
  return {
    snapshotPoint: () => log.base?.position ?? stampOf(run.slave.facts).position,
    makeDelta: async (from) => {
      const [first] = log.after(from.version, 1, 0);
      if (first === undefined || !samePoint(first.from, from)) return null;
      const { to, durability, body } = first;
      const told = { from, to: positionAt(run, to), durability, round: null };
      return { facts: { ...told, kind: 'delta' as const }, bytes: body };
    },
    makeSnapshot: async () => {
      const { position, parts } = await run.wholeState.get();
      const to = positionAt(run, pointOf(position));
      const told = { from: ORIGIN, to, durability: 'disk' as const, round: null };
      return { facts: { ...told, kind: 'snapshot' as const }, chunks: each(parts) };
    },
    roundPayload: () => {
      const { question } = run.rounds;
      if (question === null) return null;
      const { round, from, to, payload } = question;
      const told = { from, to: positionAt(run, to), durability: 'disk' as const, round };
      return { facts: { ...told, kind: 'delta' as const }, bytes: bytesOf(payload) };
    },
  };
}

async function* each(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

export function relayPort(run: RelayParts): MasterPort {
  const send: RelayParts['actor']['send'] = (event) => run.actor.send(event);
  return {
    ...facts(run),
    ...builders(run),
    ...words(run, send),
    get isVolatile() {
      return run.slave.facts.volatile;
    },
    get heartbeatMs() {
      return run.slave.facts.heartbeatMs;
    },
  };
}

type Words = Pick<
  MasterPort,
  | 'slaveCame'
  | 'slaveLeft'
  | 'voted'
  | 'confirmed'
  | 'inquired'
  | 'seen'
  | 'refusedBy'
  | 'versionShown'
  | 'trouble'
>;

/** What those below say, as events of the relay's machine. */
function words(run: RelayParts, send: RelayParts['actor']['send']): Words {
  return {
    slaveCame: (slave, holds) => {
      const prepared = slave.session?.hello.prepared ?? null;
      if (prepared === null) run.rounds.holders.delete(slave.id);
      else run.rounds.holders.set(slave.id, prepared);
      // What its earlier life said counts as said before it came again, and is void with it (P13).
      run.votes.flush();
      send({ type: 'slaveReturned', slave: slave.id, holds });
      run.tellSlave(slave);
    },
    slaveLeft: (slave, reason) => {
      run.rounds.holders.delete(slave.id);
      if (reason === null) send({ type: 'slaveGone', slave: slave.id });
      else {
        run.votes.flush();
        send({ type: 'slaveLost', slave: slave.id, reason });
      }
      run.tellSlave(slave);
    },
    voted: (vote) => run.votes.add(vote),
    confirmed: (slave, position, settled, round) => {
      const held = run.rounds.holders.get(slave.id);
      const isPast = held !== undefined && position.version >= held.to.version;
      if (isPast || held?.round === round) run.rounds.holders.delete(slave.id);
      if (run.context.closed.length > 0) {
        run.confirmations.add({ slave: slave.id, position, settled, round });
      }
      run.tellSlave(slave);
    },
    inquired: (slave, { prepared }) => {
      const { standing, position, lineage } = run.slave.facts;
      const isOwn = standing === 'following' && position?.lineage === lineage;
      const digestAtTo = run.digestAt(prepared.to.version);
      const at = isOwn && position !== null ? pointOf(position) : null;
      send({ type: 'inquired', slave: slave.id, prepared, position: at, digestAtTo });
    },
    // A later reign than this relay knows: the entrance has it ask above (P2, P16).
    seen: () => {},
    refusedBy: ({ envelope, code, message }) => {
      run.trouble(code, `${envelope.sender}: ${message}`);
      run.slave.actor.send({ type: 'greet' });
    },
    // Numbers above this relay's history reach the master with the question about them (P7).
    versionShown: () => {},
    trouble: (code, reason) => run.trouble(code, reason),
  };
}
