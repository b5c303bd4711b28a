/** A slave's status in words, read off its machine (design section 2). */
import type { SlaveFacts } from '../../machines/slave-context.js';
import type { SlaveActor } from './slave-parts.js';
import type { SlaveStatus } from './status.js';

type Snapshot = SlaveActor['snapshot'];

function linkOf(snapshot: Snapshot): SlaveStatus['link'] {
  if (snapshot.matches({ serving: { link: 'live' } })) return 'live';
  if (snapshot.matches({ serving: { link: 'adopting' } })) return 'joining';
  if (snapshot.matches({ serving: { link: 'refused' } })) return 'refused';
  const { heard, problem } = snapshot.context.facts;
  if (problem?.code === 'DUPLICATE_ID') return 'refused';
  return heard > 0 ? 'stale' : 'joining';
}

function isBehind({ target, position }: SlaveFacts): boolean {
  return target !== null && target.version > (position?.version ?? 0);
}

function dataOf(snapshot: Snapshot): SlaveStatus['data'] {
  const { facts } = snapshot.context;
  if (snapshot.matches({ serving: { copy: 'quarantined' } })) return 'quarantined';
  if (snapshot.matches({ serving: { copy: 'regressed' } })) return 'regressed';
  if (snapshot.matches({ serving: { copy: 'syncing' } })) return 'syncing';
  if (facts.position === null) return 'empty';
  return isBehind(facts) || facts.standing !== 'following' ? 'behind' : 'current';
}

function roundOf(snapshot: Snapshot): SlaveStatus['round'] {
  if (snapshot.context.facts.prepared === null) return 'none';
  const isDoubtful = snapshot.matches({ serving: { copy: { prepared: 'doubtful' } } });
  return isDoubtful ? 'in-doubt' : 'prepared';
}

/** The one word that matters most. */
function summaryOf(status: Omit<SlaveStatus, 'summary'>): string {
  if (status.link === 'refused') return 'refused';
  if (status.round === 'in-doubt') return 'in-doubt';
  if (status.data === 'quarantined' || status.data === 'regressed') return status.data;
  if (status.link !== 'live') return status.link;
  return status.round === 'prepared' ? 'prepared' : status.data;
}

export function statusOf(snapshot: Snapshot, inDoubtForMs: number): SlaveStatus {
  const { facts } = snapshot.context;
  const round = roundOf(snapshot);
  const parts = {
    link: linkOf(snapshot),
    data: dataOf(snapshot),
    round,
    roundId: facts.prepared?.round ?? null,
    inDoubtFor: round === 'in-doubt' ? inDoubtForMs : 0,
    problem: facts.problem,
    target: facts.target,
  };
  const isFailed = snapshot.matches('failed');
  return { ...parts, summary: isFailed ? 'failed' : summaryOf(parts) };
}
