import { pointOf } from '../../machines/index.js';
import type {
  Group,
  MasterContext,
  MasterEffects,
  MasterEvent,
  RoundGroup,
} from '../../machines/master-context.js';
import {
  contextOf,
  DELAYS,
  downWith,
  durableHead,
  type Job,
  type MasterDisk,
  type MasterProcess,
  masterStepper,
  outcomesOf,
  type Result,
  Turn,
} from './master-turn.js';
import { type Bounds, extend, LINEAGE, type Note, SLAVES, type Spending } from './vocabulary.js';

export function startMaster(master: MasterProcess): Result[] {
  const life = master.life + 1;
  const { disk } = master;
  const { term, start } = disk.epoch;
  const takesOver = master.takesOver && life === 1;
  const epoch = takesOver ? { term: term + 1, start: 1 } : { term, start: start + 1 };
  const incarnation = `${master.name}${life}`;
  const { snapshot } = masterStepper().start({ delays: DELAYS });
  const turn = new Turn({ ...downWith(master, disk), life, snapshot }, disk);
  const { position, firm, reserved, decisions } = disk;
  turn.send({
    type: 'recovered',
    found: {
      lineage: LINEAGE,
      volatile: false,
      epoch,
      incarnation,
      position,
      firm,
      reserved,
      reigns: [...disk.reigns, { epoch, incarnation }],
      closed: decisions.map(({ id, to, participants }) => ({
        round: id,
        outcome: 'committed',
        to,
        reason: '',
        waiting: participants,
      })),
      redo: decisions.find(({ to }) => to.version > position.version) ?? null,
    },
  });
  return outcomesOf(`${master.name} starts`, turn, null);
}

/** The folder is copied; later the copy may be put back in place of what became of it (T35). */
export function backUpAndRestore(master: MasterProcess): Result[] {
  const { disk, backup } = master;
  const outcomes: Result[] = [
    {
      label: `${master.name} is backed up`,
      process: { ...master, backup: disk },
      sent: [],
      notes: [],
      spent: 'backups',
    },
  ];
  if (backup === null) return outcomes;
  const digest = durableHead(disk).digest;
  const head = durableHead(backup).digest;
  outcomes.push({
    label: `${master.name} is restored from its backup`,
    process: { ...downWith(master, backup), backup: null },
    sent: [],
    notes: [{ kind: 'lost', digest, head, isRestored: true }],
    spent: 'masterCrashes',
  });
  return outcomes;
}

/** A power cut may take what was promised for `os` only, down to what is firm (P19). */
export function loseMaster(master: MasterProcess): Result {
  const { disk } = master;
  return {
    label: `${master.name} loses power`,
    process: downWith(master, { ...disk, position: disk.firm }),
    sent: [],
    notes: [
      {
        kind: 'lost',
        digest: disk.position.digest,
        head: durableHead({ ...disk, position: disk.firm }).digest,
        isRestored: false,
      },
    ],
    spent: 'masterCrashes',
  };
}

export function crashMaster(master: MasterProcess): Result {
  return {
    label: `${master.name} crashes`,
    process: downWith(master, master.disk),
    sent: [],
    notes: [],
    spent: 'masterCrashes',
  };
}

function diskAfter(master: MasterProcess, job: Job): { disk: MasterDisk; notes: Note[] } {
  const { disk } = master;
  if (job.type === 'persistReign') {
    const { epoch, incarnation, reserved } = job.params as MasterEffects['persistReign'];
    const reigns = [...disk.reigns, { epoch, incarnation }];
    return { disk: { ...disk, epoch, reserved, reigns }, notes: [] };
  }
  if (job.type === 'reserve') {
    const { upTo } = job.params as MasterEffects['reserve'];
    return { disk: { ...disk, reserved: upTo }, notes: [] };
  }
  if (job.type === 'persistDecision') {
    const { group } = job.params as MasterEffects['persistDecision'];
    const { id: round, participants, to } = group;
    return {
      // A synced decision makes everything up to `from` durable first (P19).
      disk: { ...disk, firm: disk.position, decisions: [...disk.decisions, group] },
      notes: [
        { kind: 'decided', round, participants },
        { kind: 'truth', digest: to.digest },
      ],
    };
  }
  if (job.type !== 'commitOriginal') return { disk, notes: [] };
  const { group, next } = job.params as MasterEffects['commitOriginal'];
  const to = pointOf(next);
  const notes: Note[] = [{ kind: 'truth', digest: to.digest }];
  if (![group.from.digest, to.digest].includes(disk.position.digest)) {
    notes.push({
      kind: 'broken',
      promise: 'S6',
      how: `commits ${to.digest} on ${disk.position.digest}`,
    });
  }
  const firm = group.durability === 'disk' ? to : disk.firm;
  return { disk: { ...disk, position: to, firm }, notes };
}

function endOf(job: Job): MasterEvent {
  switch (job.type) {
    case 'persistReign':
      return { type: 'reignPersisted' };
    case 'reserve':
      return { type: 'reserved', upTo: (job.params as MasterEffects['reserve']).upTo };
    case 'persistDecision':
      return {
        type: 'decisionPersisted',
        round: (job.params as MasterEffects['persistDecision']).group.id,
      };
    case 'rollbackOriginal':
      return {
        type: 'originalRolledBack',
        round: (job.params as MasterEffects['rollbackOriginal']).group.id,
      };
    default:
      return {
        type: 'originalCommitted',
        id: (job.params as MasterEffects['commitOriginal']).group.id,
      };
  }
}

/** The write failed, with or without a trace on disk: nobody can tell before a restart (P9). */
function failStore(
  master: MasterProcess,
  jobs: readonly Job[],
  disk: MasterDisk,
  notes: readonly Note[],
): Result[] {
  const turn = new Turn({ ...master, jobs }, disk);
  turn.send({ type: 'storeFailed', problem: { code: 'STORE_FAILED', reason: 'model' } });
  const label = `${master.name}: write fails${notes.length > 0 ? ', is there' : ''}`;
  return outcomesOf(label, turn, 'storeFailures', notes);
}

/** The oldest job ends: what it wrote is durable, and the machine hears of it, or a crash hits. */
export function endMasterJob(master: MasterProcess): Result[] {
  const [job, ...jobs] = master.jobs;
  if (job === undefined) return [];
  const { disk, notes } = diskAfter(master, job);
  const turn = new Turn({ ...master, jobs }, disk);
  turn.send(endOf(job));
  const outcomes = [
    ...outcomesOf(`${master.name} ends ${job.type}`, turn, null, notes, true),
    ...failStore(master, jobs, disk, notes),
    ...failStore(master, jobs, master.disk, []),
  ];
  if (job.type !== 'commitOriginal' || !(job.params as { decided: boolean }).decided) {
    return outcomes;
  }
  const failing = new Turn({ ...master, jobs }, master.disk);
  const { id } = (job.params as MasterEffects['commitOriginal']).group;
  failing.send({ type: 'originalFailed', id, problem: { code: 'BUSY', reason: 'model' } });
  return [...outcomes, ...outcomesOf(`${master.name}: original fails`, failing, 'failures')];
}

/** Timers, the host, the network read once more. */
export function masterMoves(master: MasterProcess, bounds: Bounds): Result[] {
  const { name } = master;
  if (master.snapshot === null) return [];
  const outcomes: Result[] = [];
  const take = (label: string, event: MasterEvent, spent: Spending | null) => {
    const turn = new Turn(master, master.disk);
    turn.send(event);
    outcomes.push(...outcomesOf(label, turn, spent));
  };
  for (const { delay, eventType } of masterStepper().waits(master.snapshot)) {
    const spent = { HEARTBEAT: 'heartbeats', VOTE_DEADLINE: 'deadlines' }[delay] ?? null;
    take(
      `${name} ${delay}`,
      { type: eventType } as unknown as MasterEvent,
      spent as Spending | null,
    );
  }
  if (master.isPolling) {
    const turn = new Turn(master, master.disk);
    turn.isPolling = false;
    turn.send({ type: 'polled' });
    outcomes.push(...outcomesOf(`${name} polled`, turn, null));
  }
  const { context } = master.snapshot;
  if (master.snapshot.hasTag('free')) {
    const group = nextGroup(master, bounds, 'disk');
    const one = bounds.lossy ? { ...group, durability: 'os' as const } : group;
    take(`${name}: host changes, one-phase`, { type: 'announceGroup', group: one }, 'onePhase');
    const participants = SLAVES.slice(0, bounds.participants);
    const round: RoundGroup = { ...group, participants, voteMs: 1 };
    take(`${name}: host changes, two-phase`, { type: 'proposeGroup', group: round }, 'twoPhase');
  }
  for (const slave of context.round?.participants ?? []) {
    take(`${name} loses ${slave}`, { type: 'slaveLost', slave, reason: 'goodbye' }, 'leaves');
  }
  if (context.round !== null && context.abortReason === null) {
    take(
      `${name}: host rolls back`,
      { type: 'rollback', round: context.round.id, reason: 'x' },
      'rollbacks',
    );
  }
  return outcomes;
}

/** Ids are fresh by life and number, as a nanoid would be. */
function nextGroup(master: MasterProcess, bounds: Bounds, durability: 'disk'): Group {
  const context = contextOf(master) as MasterContext;
  const version = Math.max(context.issued, context.position.version) + 1;
  const maker = `${master.name === 'm' ? '' : master.name}${master.life}`;
  const to = extend(context.position, version, maker);
  const id = `r${version}.${maker}`;
  return {
    id,
    from: context.position,
    to,
    // Without a body the prepare cannot carry the delta, and every slave has to fetch it.
    payload: { bytes: 1, checksum: to.digest, ...(bounds.fetched ? {} : { body: to.digest }) },
    durability,
  };
}
