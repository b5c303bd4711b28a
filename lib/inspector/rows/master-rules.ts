/** What a master does, and why it does not serve. */
import { countText } from '../../runtime/quantities.js';
import { compareReigns, lineageOf } from './leading.js';
import { forText, problemText, type Rule } from './rule.js';
import type { SeenMaster } from './sights.js';
import { isOver } from './slave-case.js';

export interface MasterCase {
  readonly seen: SeenMaster;
  /** The other masters of its item. */
  readonly others: readonly SeenMaster[];
}

type MasterRule = Rule<MasterCase>;

const NAMES_MAX = 5;

const statusOf = ({ seen }: MasterCase) => seen.report.status;
const versionOf = (of: MasterCase): number => statusOf(of).position?.version ?? 0;

const isServing = (master: SeenMaster): boolean =>
  !isOver(master) && master.report.status.state === 'serving';

const ofSameLineage = ({ seen, others }: MasterCase): SeenMaster[] =>
  others.filter((other) => isServing(other) && lineageOf(other) === lineageOf(seen));

const overtaking = (of: MasterCase): SeenMaster | undefined =>
  ofSameLineage(of).find((other) => compareReigns(other, of.seen) > 0);

const rivalOf = (of: MasterCase): SeenMaster | undefined =>
  ofSameLineage(of).find((other) => compareReigns(other, of.seen) === 0);

const strangerOf = ({ seen, others }: MasterCase): SeenMaster | undefined =>
  others.find((other) => isServing(other) && lineageOf(other) !== lineageOf(seen));

const leaderText = (of: MasterCase): string => {
  const leader = overtaking(of);
  return leader === undefined ? '' : `; ${leader.entry.id} leads since`;
};

/** Names of the slaves that the open round waits for. */
function awaited({ seen }: MasterCase): readonly string[] {
  return seen.report.slaves.filter(({ stage }) => stage === 'voting').map(({ id }) => id);
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(', ');
  const rest = names.length - NAMES_MAX;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function roundText(of: MasterCase): string {
  const { round, queued } = statusOf(of);
  const names = awaited(of);
  const waits = names.length === 0 ? '' : `, waits for the vote of ${namesText(names)}`;
  const queue = queued === 0 ? '' : `; ${countText(queued, 'change')} queued`;
  return `round ${round?.id ?? ''} is ${round?.stage ?? ''}${waits}${queue}`;
}

/** A round that waits for a slave nobody hears will end by its time-out. */
const waitsInVain = ({ seen }: MasterCase): boolean =>
  seen.report.slaves.some(({ stage, link }) => stage === 'voting' && link === 'stale');

export const MASTER_RULES: readonly MasterRule[] = [
  {
    stage: 'stopped',
    severity: 'warning',
    holds: (of) => of.seen.ended || statusOf(of).state === 'stopped',
    reason: (of) => `stopped by its host at version ${versionOf(of)}`,
  },
  {
    stage: 'silent',
    severity: 'bad',
    holds: ({ seen }) => seen.isSilent,
    reason: (of) => {
      const silent = forText('silent', of.seen.silentMs);
      return `${silent}, last seen at version ${versionOf(of)}: it ended, hangs, or is cut off`;
    },
  },
  {
    stage: 'halted',
    severity: 'bad',
    holds: (of) => statusOf(of).state === 'halted',
    reason: (of) => `halted: ${problemText(statusOf(of).problem)}; restart it`,
  },
  {
    stage: 'fenced',
    severity: 'bad',
    holds: (of) => statusOf(of).state === 'fenced',
    reason: (of) => `fenced: ${problemText(statusOf(of).problem)}${leaderText(of)}`,
  },
  {
    stage: 'recovering',
    severity: 'warning',
    holds: (of) => statusOf(of).state === 'recovering',
    reason: () => 'reads its store and redoes what was decided; serves after that',
  },
  {
    stage: 'overtaken',
    severity: 'bad',
    holds: (of) => overtaking(of) !== undefined,
    reason: (of) =>
      `${overtaking(of)?.entry.id ?? ''} has a later reign over this lineage: ` +
      'this one ends once a slave tells it so; stop it',
  },
  {
    stage: 'contested',
    severity: 'bad',
    holds: (of) => rivalOf(of) !== undefined,
    reason: (of) =>
      `${rivalOf(of)?.entry.id ?? ''} claims the same reign over this lineage: stop one of them`,
  },
  {
    stage: 'serving',
    severity: 'warning',
    holds: (of) => strangerOf(of) !== undefined,
    reason: (of) =>
      `${strangerOf(of)?.entry.id ?? ''} serves this item too, with a lineage of its own`,
  },
  {
    stage: 'waiting',
    severity: 'warning',
    holds: (of) => statusOf(of).round !== null && waitsInVain(of),
    reason: (of) => `${roundText(of)}, of which some are silent`,
  },
  {
    stage: 'round',
    severity: 'good',
    holds: (of) => statusOf(of).round !== null,
    reason: roundText,
  },
  {
    stage: 'serving',
    severity: 'good',
    holds: () => true,
    reason: (of) => {
      const { queued } = statusOf(of);
      return queued === 0 ? '' : `${countText(queued, 'change')} queued`;
    },
  },
];
