import {
  compareEpochs,
  type Message,
  ORIGIN,
  type Point,
  pointOf,
  type Relation,
  relate,
} from '../../machines/index.js';
import type { RoundGroup } from '../../machines/master-context.js';
import type { ChunkMessage } from '../../machines/protocol.js';
import { type MasterProcess, outcomesOf, type Result, Turn } from './master-turn.js';
import { PARTS, partOf } from './receiver.js';
import { type Bounds, digestAt, type Packet } from './vocabulary.js';

function relationOf(turn: Turn, point: Point): Relation {
  const { group, position } = turn.context;
  // What is decided counts as held: a slave may have committed it before the original did.
  const isDecided = turn.snapshot.matches({ serving: { round: 'committing' } });
  const head = isDecided && group !== null ? group.to : position;
  return relate(point, head, (version) => digestAt(head.digest, version) ?? '');
}

/** What lib/ makes of a message of a slave, before the machine sees it. */
export function deliverToMaster(master: MasterProcess, packet: Packet, bounds: Bounds): Result[] {
  if (master.snapshot?.matches('serving') !== true) return [];
  const turn = new Turn(master, master.disk);
  const { envelope, message } = packet;
  const slave = envelope.sender;
  if (compareEpochs(envelope.epoch, turn.context.epoch) > 0) {
    turn.send({ type: 'epochSeen', epoch: envelope.epoch, sender: slave });
    if (!turn.snapshot.matches('fenced')) turn.broken('S10', 'saw a later reign and goes on');
  } else if (message.kind === 'refused') {
    turn.send({ type: 'rivalSeen', sender: slave, incarnation: message.message });
  }
  const session = turn.sessions[slave];
  if (message.kind === 'hello') {
    if (session !== undefined && session > envelope.incarnation) return [];
    if (turn.greeted.includes(message.hello)) return [];
    turn.greeted = [...turn.greeted, message.hello].sort();
    greet(turn, slave, envelope.incarnation, message);
    if (bounds.storeless === true) {
      turn.note({ kind: 'returned', slave, holds: message.prepared?.round ?? null });
    }
  } else if (session === envelope.incarnation) {
    hear(turn, slave, packet, bounds);
  }
  return outcomesOf(`${slave} -> ${master.name} ${message.kind}`, turn, null);
}

function greet(
  turn: Turn,
  slave: string,
  incarnation: string,
  message: Extract<Message, { kind: 'hello' }>,
): void {
  const point = pointOf(message.position);
  const relation = message.position === null ? 'behind' : relationOf(turn, point);
  const firmRelation = relationOf(turn, message.firm ?? ORIGIN);
  const isOff = relation === 'ahead' || relation === 'fork';
  const ahead = isOff && firmRelation !== 'same' && firmRelation !== 'behind';
  turn.send({ type: 'versionShown', version: point.version, ahead });
  const promised = message.prepared?.to.version ?? 0;
  turn.send({ type: 'versionShown', version: promised, ahead: false });
  const sessions = Object.entries({ ...turn.sessions, [slave]: incarnation });
  turn.sessions = Object.fromEntries(sessions.sort());
  const { position, firm, round } = turn.context;
  turn.packet(
    {
      kind: 'welcome',
      hello: message.hello,
      position,
      firm,
      sequence: turn.sequence,
      openRound: round?.id ?? null,
      volatile: false,
      heartbeatMs: 1,
      relation,
      firmRelation,
    },
    [slave],
  );
  turn.send({ type: 'slaveReturned', slave, holds: message.prepared?.round ?? null });
}

function hear(turn: Turn, slave: string, { envelope, message }: Packet, bounds: Bounds): void {
  const { incarnation } = envelope;
  if (message.kind === 'vote') {
    const isOfReign = compareEpochs(envelope.epoch, turn.context.epoch) === 0;
    if (!isOfReign && bounds.anyEpoch !== true) return;
    const { round, answer, reason, code } = message;
    if (answer === 'yes' && bounds.storeless === true) turn.note({ kind: 'yes', round, slave });
    turn.send({ type: 'votes', votes: [{ slave, incarnation, round, answer, reason, code }] });
  }
  if (message.kind === 'ack') {
    const { round } = message;
    const confirmation = { slave, position: pointOf(message.position), settled: true, round };
    turn.send({ type: 'confirmations', confirmations: [confirmation] });
  }
  if (message.kind === 'inquire') {
    const { prepared } = message;
    turn.send({ type: 'versionShown', version: prepared.to.version, ahead: false });
    const known = digestAt(turn.context.position.digest, prepared.to.version);
    turn.send({ type: 'inquired', slave, prepared, digestAtTo: known });
  }
  if (message.kind === 'request') serve(turn, slave, message, bounds);
}

/** The delta of the open round, for slaves whose prepare had no room for it. */
function chunkOfRound(turn: Turn, round: RoundGroup): Message {
  const { lineage, epoch } = turn.context;
  return {
    kind: 'delta',
    build: round.id,
    index: 0,
    last: true,
    from: round.from,
    to: { lineage, epoch, ...round.to },
    durability: 'disk',
    round: round.id,
    reason: null,
    firmRelation: 'same',
    payload: { bytes: 1, checksum: round.to.digest, body: round.to.digest },
  };
}

/** The session's answer to a request, in one piece. */
function serve(
  turn: Turn,
  slave: string,
  message: Extract<Message, { kind: 'request' }>,
  bounds: Bounds,
): void {
  const { context } = turn;
  const { lineage, epoch, position, round } = context;
  const point = pointOf(message.position);
  const relation = message.position === null ? 'behind' : relationOf(turn, point);
  if (message.round !== null) {
    if (round?.id === message.round) turn.packet(chunkOfRound(turn, round), [slave]);
    return;
  }
  const known = turn.builds[slave];
  if (known !== undefined && known.build === message.build) {
    return turn.packet(partAt(known, message.next), [slave]);
  }
  const isIncrement = message.position !== null && relation === 'behind' && !bounds.trimmed;
  if (message.position !== null && relation === 'same') return;
  const isFork = relation === 'ahead' || relation === 'fork';
  const reason = message.position === null ? 'empty' : isFork ? 'fork' : 'trimmed';
  const first: ChunkMessage = {
    kind: isIncrement ? 'delta' : 'snapshot',
    build: `${epoch.start}:${point.digest}>${position.digest}`,
    index: 0,
    last: true,
    from: isIncrement ? point : ORIGIN,
    to: { lineage, epoch, ...position },
    durability: 'disk',
    round: null,
    reason: isIncrement ? null : reason,
    firmRelation: relationOf(turn, message.firm ?? ORIGIN),
    payload: { bytes: 1, checksum: position.digest, body: position.digest },
  };
  if (isIncrement || bounds.chunked !== true) return turn.packet(first, [slave]);
  const builds = Object.entries({ ...turn.builds, [slave]: first });
  turn.builds = Object.fromEntries(builds.sort());
  turn.packet(partAt(first, 0), [slave]);
}

function partAt(build: ChunkMessage, index: number): ChunkMessage {
  const { digest } = build.to;
  const payload = { ...build.payload, body: partOf(digest, index) };
  return { ...build, index, last: index === PARTS - 1, payload };
}
