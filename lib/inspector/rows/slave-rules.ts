/**
 * What a slave does and why it is not where its master is, as a person on call would say it. The
 * first rule that holds names the stage: what needs a person comes before what passes by itself.
 */
import { bytesText, durationText } from '../../runtime/quantities.js';
import { forText, type Problem, problemText, type Rule, versionsText } from './rule.js';
import { isOver, type SlaveCase } from './slave-case.js';

type SlaveRule = Rule<SlaveCase>;

const problemOf = ({ own, info }: SlaveCase): Problem =>
  own?.status.problem ?? info?.problem ?? null;

const roundIdOf = ({ own, master }: SlaveCase): string =>
  own?.status.roundId ?? master?.report.status.round?.id ?? 'unknown';

const masterVersionOf = ({ master, own }: SlaveCase): number =>
  master?.report.status.position?.version ?? own?.status.target?.version ?? 0;

const tellerText = (teller: SlaveCase['teller']): string => {
  const { role = 'master', id = 'unknown' } = teller?.entry ?? {};
  return `${role === 'master' ? 'master' : 'relay'} ${id}`;
};

/** Since this slave heard its master; only where it tells so itself. */
const ageOf = ({ own }: SlaveCase): number | null => own?.age ?? null;

/** One word for what the master has lost, its own word for that link; the reason says the rest. */
const LOST = 'stale';

const lostText = (how: string, { heardMs, version }: SlaveCase): string =>
  `${how}${forText('nothing heard', heardMs)}, last heard from at version ${version}`;

const isLost = ({ info }: SlaveCase): boolean => info?.link === 'stale' || info?.stage === 'gone';

function transferText({ own }: SlaveCase): string {
  if (own === null) return 'syncing';
  const { transfer } = own;
  if (transfer === null) return 'syncing, nothing received yet';
  return `syncing, ${bytesText(transfer.bytes)} of a ${transfer.kind} received`;
}

/** Nothing is told of it any more, or its process must be restarted. */
const OVER: readonly SlaveRule[] = [
  {
    stage: 'stopped',
    severity: 'warning',
    holds: ({ seen, own }) => seen?.ended === true || own?.status.summary === 'stopped',
    reason: ({ version }) => `stopped by its host at version ${version}`,
  },
  {
    stage: LOST,
    severity: 'bad',
    holds: (of) => of.seen?.isSilent === true && isLost(of),
    reason: (of) => lostText('killed or unreachable: ', of),
  },
  {
    // Whether a master still hears it is not known here.
    stage: 'silent',
    severity: 'bad',
    holds: ({ seen, info }) => seen?.isSilent === true && info === null,
    reason: ({ heardMs, version }) =>
      `${forText('silent', heardMs)}, last heard from at version ${version}`,
  },
  {
    stage: 'failed',
    severity: 'bad',
    holds: ({ own }) => own?.status.summary === 'failed',
    reason: (of) => `failed: ${problemText(problemOf(of))}; restart it`,
  },
  {
    stage: 'unknown',
    severity: 'warning',
    holds: ({ own, info }) => own === null && info === null,
    reason: ({ teller, version }) =>
      `only ${tellerText(teller)} told of it, at version ${version}, ` +
      `and is ${forText('silent', teller?.silentMs ?? null)} itself`,
  },
];

/** It needs a person, or at least one should know. */
const STUCK: readonly SlaveRule[] = [
  {
    stage: 'refused',
    severity: 'bad',
    holds: ({ own, info }) =>
      own === null ? info?.link === 'refused' : own.status.link === 'refused',
    reason: (of) =>
      of.info?.stage === 'foreign' && problemOf(of) === null
        ? 'refuses this master: its copy is of another lineage; see adoptLineage'
        : `refused: ${problemText(problemOf(of))}, tries again`,
  },
  {
    stage: 'in-doubt',
    severity: 'bad',
    holds: ({ own }) => own?.status.round === 'in-doubt',
    reason: (of) => {
      const waits = `prepared round ${roundIdOf(of)} waits for its outcome`;
      const doubtMs = of.own?.status.inDoubtFor ?? 0;
      return of.own?.status.link === 'live'
        ? `${waits}, in doubt for ${durationText(doubtMs)}, asks its master`
        : `${waits}, master ${forText('not reachable', ageOf(of))} (in doubt)`;
    },
  },
  {
    stage: 'quarantined',
    severity: 'bad',
    holds: ({ own, info }) =>
      own?.status.data === 'quarantined' || (own === null && info?.stage === 'quarantined'),
    reason: (of) => `quarantined: ${problemText(problemOf(of))}, tries again`,
  },
  {
    stage: 'regressed',
    severity: 'bad',
    holds: ({ own, info }) =>
      own?.status.data === 'regressed' || (own === null && info?.stage === 'regressed'),
    reason: (of) =>
      "regressed: it holds what its master lost, and waits for the master's resolveRegressed" +
      (of.own?.status.problem ? ` (${problemText(of.own.status.problem)})` : ''),
  },
];

const UNLINKED: readonly SlaveRule[] = [
  {
    stage: 'stale',
    severity: 'bad',
    holds: ({ own }) => own?.status.link === 'stale',
    reason: (of) => `no word from its master for ${durationText(ageOf(of) ?? 0)}`,
  },
  {
    stage: LOST,
    severity: 'bad',
    holds: ({ own, info }) => own === null && info?.stage === 'gone',
    reason: (of) => lostText('killed or unreachable: ', of),
  },
  {
    stage: LOST,
    severity: 'bad',
    holds: ({ own, info }) => own === null && info?.link === 'stale',
    reason: (of) => lostText('connected, but ', of),
  },
  {
    stage: 'joining',
    severity: 'warning',
    holds: ({ own, info }) => (own?.status ?? info)?.link === 'joining',
    reason: (of) =>
      ageOf(of) === null && of.own !== null
        ? 'joining: no master has answered yet'
        : 'joining: it and its master exchange where they stand',
  },
  {
    stage: 'unheard',
    severity: 'warning',
    holds: ({ info }) => info?.link === 'stale',
    reason: ({ info }) =>
      `hears its master, which has not heard it for ${durationText(info?.age ?? 0)}`,
  },
  {
    stage: 'unlisted',
    severity: 'warning',
    holds: ({ info, master }) => info === null && master !== null && !isOver(master),
    reason: ({ master }) =>
      `master ${master?.entry.id ?? ''} does not know it: it follows another one, or is new there`,
  },
];

const IN_ROUND: readonly SlaveRule[] = [
  {
    stage: 'vetoed',
    severity: 'warning',
    holds: ({ info }) => info?.stage === 'vetoed',
    reason: (of) => `refused round ${roundIdOf(of)}: ${problemText(of.info?.problem ?? null)}`,
  },
  {
    stage: 'prepared',
    severity: 'good',
    holds: ({ own, info }) => own?.status.round === 'prepared' || info?.stage === 'prepared',
    reason: (of) => `voted yes in round ${roundIdOf(of)}, waits for its outcome`,
  },
  {
    stage: 'voting',
    severity: 'good',
    holds: ({ info }) => info?.stage === 'voting',
    reason: (of) => {
      const work = of.own?.status.data === 'syncing' ? `: ${transferText(of)}` : '';
      return `has not voted in round ${roundIdOf(of)} yet${work}`;
    },
  },
];

const isSyncing = ({ own, info }: SlaveCase): boolean =>
  own === null ? info?.stage === 'syncing' : own.status.data === 'syncing';

const DATA: readonly SlaveRule[] = [
  { stage: 'syncing', severity: 'warning', holds: isSyncing, reason: transferText },
  {
    stage: 'lagging',
    severity: 'warning',
    holds: ({ info }) => info?.link === 'lagging',
    reason: () => 'takes less than is sent to it: pushes wait until its connection drains',
  },
  {
    stage: 'empty',
    severity: 'warning',
    holds: ({ own }) => own?.status.data === 'empty',
    reason: () => 'has no copy yet',
  },
  {
    stage: 'behind',
    severity: 'warning',
    holds: ({ own }) => own?.status.data === 'behind',
    reason: ({ own }) =>
      `knows of version ${own?.status.target?.version ?? 0} and has not received it yet`,
  },
  {
    // Its report is of another moment than its master's: under load this is how keeping up looks.
    stage: 'behind',
    severity: 'good',
    holds: ({ own, lag }) => own !== null && (lag ?? 0) > 0,
    reason: ({ own }) => `has all it heard of, up to version ${own?.status.target?.version ?? 0}`,
  },
  {
    stage: 'behind',
    severity: 'warning',
    holds: ({ lag }) => (lag ?? 0) > 0,
    reason: (of) => `has not confirmed version ${masterVersionOf(of)}`,
  },
  {
    stage: 'current',
    severity: 'warning',
    holds: (of) => problemOf(of) !== null,
    reason: (of) => `refused the last change it was asked for: ${problemText(problemOf(of))}`,
  },
  { stage: 'current', severity: 'good', holds: () => true, reason: () => '' },
];

export const SLAVE_RULES: readonly SlaveRule[] = [
  ...OVER,
  ...STUCK,
  ...UNLINKED,
  ...IN_ROUND,
  ...DATA,
];

/** `7 versions behind: ` and why; and that its own reports stopped, where only they did. */
export function wholeReason(of: SlaveCase, reason: string): string {
  const { lag, seen, own, info } = of;
  const hidden = seen?.isSilent === true && own === null && info !== null && info.link !== 'stale';
  const unseen = hidden ? `no report of its own for ${durationText(seen.silentMs)}` : '';
  const why = [reason, unseen].filter((part) => part !== '').join('; ');
  return lag !== null && lag > 0 ? `${versionsText(lag)} behind: ${why}` : why;
}
