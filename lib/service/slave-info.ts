/** The row of one slave in every table people look at: derived, never stored. */
import type { MasterContext } from '../../machines/master-context.js';
import { isBeyond, type Standing } from '../../machines/session.js';
import { voteBy } from '../../machines/tally.js';
import { serviceLimits } from '../limits.js';
import type { History } from './history.js';
import type { MasterParts } from './master-parts.js';
import type { KnownSlave } from './slave-roster.js';
import type { SlaveInfo } from './status.js';

export interface InfoGrounds {
  readonly context: Pick<MasterContext, 'position' | 'votes'>;
  readonly history: Pick<History, 'countAfter'>;
  readonly nowMs: number;
  readonly heartbeatMs: number;
  /** Participants of the open round. */
  readonly asked: (id: string) => boolean;
}

/** It follows another lineage and refuses this master until its host orders otherwise (P2). */
function isForeign({ position, relation }: Standing): boolean {
  return position === null && relation === 'unknown';
}

function linkOf(slave: KnownSlave, grounds: InfoGrounds): SlaveInfo['link'] {
  const state = slave.session?.actor.snapshot.value;
  if (state === undefined || state === 'gone') return 'stale';
  if (state === 'probing' || state === 'joining') return 'joining';
  // Asked for a vote it would never answer, and every round would fail by its silence (P14).
  const standing = slave.session?.actor.snapshot.context.standing;
  if (state === 'refused' || (standing && isForeign(standing))) return 'refused';
  if (state === 'lagging') return 'lagging';
  const silentMs = grounds.nowMs - slave.heardAtMs;
  return silentMs > serviceLimits.staleHeartbeats * grounds.heartbeatMs ? 'stale' : 'live';
}

/** It gets what is pushed, now or once its connection drains. */
export function isFollowing(slave: KnownSlave, grounds: InfoGrounds): boolean {
  const link = linkOf(slave, grounds);
  return link === 'live' || link === 'lagging';
}

function stageOf(slave: KnownSlave, grounds: InfoGrounds): string {
  const { context } = grounds;
  if (slave.session === null) return 'gone';
  if (slave.problem?.code === 'QUARANTINED') return 'quarantined';
  const { standing } = slave.session.actor.snapshot.context;
  if (isForeign(standing)) return 'foreign';
  if (isBeyond(standing)) return 'regressed';
  if (grounds.asked(slave.id)) {
    const answer = voteBy(context.votes, slave.id)?.answer;
    if (answer === undefined) return 'voting';
    return answer === 'yes' ? 'prepared' : 'vetoed';
  }
  if (slave.session.actor.snapshot.value === 'syncing') return 'syncing';
  return slave.position.version >= context.position.version ? 'current' : 'behind';
}

/** Committed changes a slave lacks; one that was never seen at any version lacks all there were. */
export function lagOf(slave: KnownSlave, grounds: InfoGrounds): number {
  const { position } = grounds.context;
  if (slave.position.version >= position.version) return 0;
  return Math.max(1, grounds.history.countAfter(slave.position.version));
}

export function describeSlave(slave: KnownSlave, grounds: InfoGrounds): SlaveInfo {
  return {
    id: slave.id,
    link: linkOf(slave, grounds),
    version: slave.position.version,
    lag: lagOf(slave, grounds),
    stage: stageOf(slave, grounds),
    age: Math.max(0, grounds.nowMs - slave.heardAtMs),
    incarnation: slave.incarnation,
    peer: slave.session?.peer ?? null,
    problem: slave.problem,
  };
}

/** What is known at this moment, for the rows of all slaves. */
export function groundsOf(run: MasterParts): InfoGrounds {
  const { clock, heartbeatMs } = run.settings;
  const { context, history } = run;
  let names: ReadonlySet<string> | null = null;
  const asked = (id: string): boolean => {
    if (context.round === null) return false;
    names ??= new Set(context.round.participants);
    return names.has(id);
  };
  return { context, history, nowMs: clock.now(), heartbeatMs, asked };
}

/** All rows, furthest behind first: the one people look for is on top. */
export function describeAll(run: MasterParts): readonly SlaveInfo[] {
  const grounds = groundsOf(run);
  return [...run.roster.all]
    .map((slave) => describeSlave(slave, grounds))
    .sort((left, right) => right.lag - left.lag || (left.id < right.id ? -1 : 1));
}
