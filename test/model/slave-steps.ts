import { type Enveloped, ORIGIN, pointOf, samePoint } from '../../machines/index.js';
import type { SlaveEffects, SlaveEvent } from '../../machines/slave-context.js';
import { firmWithin } from '../../machines/slave-logic.js';
import { isOf, isWaiting, type Part, placeOf } from './receiver.js';
import {
  DELAYS,
  downWith,
  factsOf,
  type Job,
  lifeOf,
  outcomesOf,
  type Result,
  type SlaveDisk,
  type SlaveProcess,
  slaveStepper,
  Turn,
} from './slave-turn.js';
import { type Bounds, isPrefix, type Note, type Packet, type Spending } from './vocabulary.js';

export function startSlave(slave: SlaveProcess): Result[] {
  const { name, disk } = slave;
  const life = slave.life + 1;
  const { snapshot } = slaveStepper().start({
    id: name,
    self: `${name}${life}`,
    durable: !slave.isStoreless,
    heldBytesMax: 100,
    delays: DELAYS,
  });
  const turn = new Turn({ ...slave, life, snapshot }, disk);
  turn.send({ type: 'recovered', found: { ...disk, volatile: false, left: [] } });
  turn.send({ type: 'connected' });
  return outcomesOf(`${name} starts`, turn, null);
}

export function crashSlave(slave: SlaveProcess): Result {
  return {
    label: `${slave.name} crashes`,
    process: downWith(slave, slave.disk),
    sent: [],
    notes: [],
    spent: 'slaveCrashes',
  };
}

interface JobEnd {
  readonly disk: SlaveDisk;
  readonly notes: readonly Note[];
  readonly event: SlaveEvent;
}

function endOfCommit(slave: SlaveProcess, params: SlaveEffects['commitCopy']): JobEnd {
  const { disk } = slave;
  const notes: Note[] = [];
  let at = pointOf(disk.position);
  for (const step of params.steps) {
    if (!samePoint(step.from, at)) {
      const how = `applies ${step.from.digest} > ${step.next.digest} on ${at.digest}`;
      notes.push({ kind: 'broken', promise: 'S8', how });
    }
    at = pointOf(step.next);
  }
  const last = params.steps.at(-1)?.next;
  if (last === undefined) {
    notes.push({ kind: 'broken', promise: 'P4', how: 'commits nothing' });
    return { disk, notes, event: { type: 'roundDropped', round: '' } };
  }
  const prepared = params.round === null ? disk.prepared : null;
  return {
    disk: { ...disk, position: last, firm: params.firm, prepared },
    notes,
    event: { type: 'committed', position: last, firm: params.firm, round: params.round },
  };
}

/** A promise that is dropped while its master has not passed it counts as this slave's abort. */
function endOfDrop(slave: SlaveProcess, round: string): JobEnd {
  const { disk, name } = slave;
  const facts = factsOf(slave);
  const notes: Note[] = [];
  const { prepared } = disk;
  if (prepared?.round === round) {
    const { to } = prepared;
    const target = facts?.target ?? ORIGIN;
    const isOther = target.version === to.version && target.digest !== to.digest;
    const isSuperseded = target.version > to.version || isOther;
    if (!isSuperseded) notes.push({ kind: 'aborted', round, by: name });
  }
  return {
    disk: { ...disk, prepared: prepared?.round === round ? null : prepared },
    notes,
    event: { type: 'roundDropped', round },
  };
}

function endOf(slave: SlaveProcess, job: Job): JobEnd {
  const { disk, name } = slave;
  if (job.type === 'persistReign') {
    const { lineage, epoch, incarnation } = job.params as SlaveEffects['persistReign'];
    return {
      disk: { ...disk, lineage, epoch, incarnation },
      notes: [],
      event: { type: 'reignPersisted', incarnation },
    };
  }
  if (job.type === 'persistPromise') {
    const { offer } = job.params as SlaveEffects['persistPromise'];
    return {
      disk: { ...disk, prepared: offer },
      notes: [{ kind: 'promised', round: offer.round, slave: name, life: lifeOf(slave) }],
      event: { type: 'promised', round: offer.round },
    };
  }
  if (job.type === 'dropRound') {
    return endOfDrop(slave, (job.params as SlaveEffects['dropRound']).round);
  }
  if (job.type === 'installCopy') {
    const { to, firm } = job.params as SlaveEffects['installCopy'];
    const notes: Note[] = [];
    if (!factsOf(slave)?.rebase && disk.firm !== null && !isPrefix(disk.firm.digest, to.digest)) {
      const how = `${to.digest} replaces ${disk.firm.digest}, which was firm`;
      notes.push({ kind: 'broken', promise: 'S7', how });
    }
    const { transfer } = slave;
    if (transfer !== null && !isOf(transfer, to)) {
      const how = `${transfer.parts.join(' and ')} are put together as ${to.digest}`;
      notes.push({ kind: 'broken', promise: 'S13', how });
    }
    return {
      disk: { ...disk, position: to, firm },
      notes,
      event: { type: 'installed', position: to, firm, volatile: false },
    };
  }
  return endOfCommit(slave, job.params as SlaveEffects['commitCopy']);
}

/** The oldest job ends: what it wrote is durable, and the machine hears of it, or a crash hits. */
export function endSlaveJob(slave: SlaveProcess): Result[] {
  const { receiving, transfer } = slave;
  const job = slave.jobs.find((each) => !isWaiting(each, receiving, transfer));
  if (job === undefined) return [];
  const jobs = slave.jobs.filter((each) => each !== job);
  const { disk, notes, event } = endOf(slave, job);
  const turn = new Turn({ ...slave, jobs }, disk);
  if (job.type === 'installCopy') turn.dropTransfer();
  turn.send(event);
  const outcomes = outcomesOf(`${slave.name} ends ${job.type}`, turn, null, notes, true);
  for (const [how, left] of [
    ['write fails', slave.disk],
    ['write fails, is there', disk],
  ] as const) {
    const broken = new Turn({ ...slave, jobs }, left);
    const written = left === disk ? notes : [];
    broken.send({ type: 'storeFailed', problem: { code: 'STORE_FAILED', reason: 'model' } });
    outcomes.push(...outcomesOf(`${slave.name}: ${how}`, broken, 'storeFailures', written));
  }
  if (job.type !== 'commitCopy') return outcomes;
  return [...outcomes, ...failingCommits({ ...slave, jobs }, job)];
}

/** The user layer fails at the first increment, or at a later one: then those before it hold. */
function failingCommits(slave: SlaveProcess, { params }: Job): Result[] {
  const { steps, firm } = params as SlaveEffects['commitCopy'];
  const problem = { code: 'BUSY', reason: 'model' };
  return steps.flatMap((_, held) => {
    const position = steps[held - 1]?.next;
    const moved = position && { position, firm: firmWithin(firm, position) };
    const failing = new Turn(slave, { ...slave.disk, ...moved });
    failing.send({ type: 'commitFailed', moved: moved ?? null, problem });
    return outcomesOf(`${slave.name}: commit fails after ${held}`, failing, 'failures');
  });
}

/** Delays whose end tells nothing that a message still under way does not tell as well. */
const REPEATING = ['HELLO_RETRY', 'REQUEST_RETRY'];
const SPENDING: Readonly<Record<string, Spending>> = {
  PREPARE_WAIT: 'deadlines',
  SILENCE: 'silences',
};

/** The user layer's answer, and the timers. */
export function slaveMoves(slave: SlaveProcess): Result[] {
  const { snapshot, name, asked } = slave;
  if (snapshot === null) return [];
  const outcomes: Result[] = [];
  const take = (label: string, event: SlaveEvent, spent: Spending | null) => {
    const turn = new Turn(slave, slave.disk);
    if (asked !== null && label.includes('user')) turn.asked = null;
    turn.send(event);
    outcomes.push(...outcomesOf(label, turn, spent));
  };
  if (asked !== null) {
    const problem = { code: 'VETOED', reason: 'model' };
    take(`${name} user says yes`, { type: 'canPrepare', round: asked }, null);
    take(`${name} user says no`, { type: 'cannotPrepare', round: asked, problem }, 'vetoes');
  }
  if (snapshot.matches('serving')) {
    const turn = new Turn(slave, slave.disk);
    turn.send({ type: 'disconnected' });
    turn.send({ type: 'connected' });
    outcomes.push(...outcomesOf(`${name} reconnects`, turn, 'reconnects'));
  }
  for (const { delay, eventType } of slaveStepper().waits(snapshot)) {
    if (REPEATING.includes(delay)) continue;
    const event = { type: eventType } as unknown as SlaveEvent;
    take(`${name} ${delay}`, event, SPENDING[delay] ?? null);
  }
  return outcomes;
}

/** Every timer, also those that only repeat: what keeps a cluster going after losses. */
export function slaveRetries(slave: SlaveProcess): Result[] {
  const { snapshot, name } = slave;
  if (snapshot === null) return [];
  return slaveStepper()
    .waits(snapshot)
    .map(({ delay, eventType }) => {
      const turn = new Turn(slave, slave.disk);
      turn.send({ type: eventType } as unknown as SlaveEvent);
      return outcomesOf(`${name} ${delay}`, turn, null)[0] as Result;
    });
}

export function deliverToSlave(slave: SlaveProcess, packet: Packet, _bounds: Bounds): Result[] {
  if (slave.snapshot?.matches('serving') !== true) return [];
  const turn = new Turn(slave, slave.disk);
  const { message } = packet;
  turn.answering = message.kind;
  const envelope = { protocol: 1, item: 'i', ...packet.envelope };
  const arrived = { ...message, envelope } as Enveloped;
  if (arrived.kind === 'snapshot' && slave.receiving !== 'whole') receivePart(turn, arrived);
  else turn.send(eventOf(arrived));
  return outcomesOf(`${packet.envelope.sender} -> ${slave.name} ${message.kind}`, turn, null);
}

function receivePart(turn: Turn, part: Part): void {
  const { build } = part;
  const body = String(part.payload.body);
  const place = placeOf(turn.slave.receiving, turn.transfer, turn.isExpecting, part);
  if (place === 'none') return;
  if (place === 'next') return turn.take(turn.transfer?.build ?? build, body);
  if (turn.transfer !== null) {
    turn.dropTransfer();
    turn.send({ type: 'transferLost', reason: 'the master started it anew' });
  }
  turn.isExpecting = false;
  turn.send(eventOf(part));
  // The machine may have refused it: then nobody reads its parts.
  const reads = turn.jobs.some(
    ({ type, params }) =>
      type === 'installCopy' && (params as SlaveEffects['installCopy']).build === build,
  );
  if (reads) turn.take(build, body);
}

function eventOf(message: Enveloped): SlaveEvent {
  if (message.kind === 'delta' || message.kind === 'snapshot') {
    const { envelope, from, to, durability, round, payload, build, reason, firmRelation } = message;
    if (message.kind === 'delta') {
      return { type: 'deltaArrived', envelope, from, to, durability, round, payload };
    }
    return {
      type: 'snapshotBegan',
      envelope,
      build,
      to,
      reason: reason ?? 'trimmed',
      firmRelation,
    };
  }
  return { type: 'message', message } as SlaveEvent;
}
