/**
 * The judge of a run of processes: reads what every node wrote down and finds what must not be.
 * It knows nothing of the protocol, only what was acknowledged and what was seen (R1-R5).
 */

import { type Entry, readLog, type Shown } from './process-log.js';
import type { HostContent } from './process-messages.js';

export interface NodeEvidence {
  readonly id: string;
  readonly log: string;
  /** What it holds at the end; null = it is not one of those that must hold the same. */
  readonly content: HostContent | null;
}

export interface Verdict {
  readonly acknowledged: number;
  readonly aborted: number;
  /** Their master was killed, or did not know: made everywhere or nowhere. */
  readonly unanswered: number;
  /** Of these, how many turned out to be made. */
  readonly unansweredMade: number;
  readonly states: number;
  /** Whole states that slaves began to receive. */
  readonly snapshots: number;
  readonly lost: readonly string[];
  readonly diverged: readonly string[];
  readonly violations: readonly string[];
  readonly troubles: Readonly<Record<string, number>>;
}

interface End {
  readonly id: string;
  readonly content: HostContent;
}

type Answers = ReadonlyMap<string, Entry>;

/** The answer to each change that was tried; a change without one maps to its try. */
function answersOf(entries: readonly Entry[]): Answers {
  const answers = new Map<string, Entry>();
  for (const entry of entries) {
    if ('change' in entry) answers.set(entry.change, entry);
    if (entry.kind === 'rewound') giveUp(answers, entry.to);
  }
  return answers;
}

/** What hosts ordered to be given up is not owed to anybody. */
function giveUp(answers: Map<string, Entry>, above: number): void {
  for (const [change, answer] of answers) {
    if (answer.kind === 'acknowledged' && answer.version > above) answers.delete(change);
  }
}

function changesOfKind(answers: Answers, ...kinds: readonly Entry['kind'][]): string[] {
  return [...answers].flatMap(([change, { kind }]) => (kinds.includes(kind) ? [change] : []));
}

/** R2, S7: what readers of one node see only ever rises, within a life and across restarts. */
class Rises {
  readonly falls: string[] = [];
  readonly #id: string;
  #last = 0;
  #isFirstOfLife = true;
  #lineage: string | null = null;
  /** Hosts ordered that history goes on from an earlier point: once each, a way to get there. */
  #resetsAllowed = 0;
  #movesAllowed = 0;

  constructor(id: string) {
    this.#id = id;
  }

  add(entry: Entry): void {
    if (entry.kind === 'life') this.#isFirstOfLife = true;
    else if (entry.kind === 'restored') this.#last = 0;
    else if (entry.kind === 'rewound') {
      this.#last = 0;
      this.#resetsAllowed += 1;
      this.#movesAllowed += 1;
    } else if (entry.kind === 'reset') this.#reset(entry.from, entry.to);
    else if (entry.kind === 'shown') this.#show(entry);
  }

  #reset(from: number, to: number): void {
    this.#resetsAllowed -= 1;
    if (this.#resetsAllowed < 0) this.falls.push(`${this.#id} was reset from ${from} to ${to}`);
  }

  #show({ version, lineage }: Shown): void {
    const last = this.#last;
    // A new life shows what the last one had shown; within a life nothing is shown twice.
    const isRise = this.#isFirstOfLife ? version >= last : version > last;
    if (!isRise) this.falls.push(`${this.#id} showed version ${version} after ${last}`);
    if (this.#lineage !== null && lineage !== this.#lineage) {
      this.#movesAllowed -= 1;
      if (this.#movesAllowed < 0) this.falls.push(`${this.#id} moved to ${lineage} unasked`);
    }
    this.#lineage = lineage;
    this.#last = version;
    this.#isFirstOfLife = false;
  }
}

function fallsOf(id: string, entries: readonly Entry[]): string[] {
  const rises = new Rises(id);
  for (const entry of entries) rises.add(entry);
  return rises.falls;
}

/** R3, S12: a version means one history and one content, on every node at every time. */
class Meanings {
  readonly #known = new Map<string, { readonly id: string; readonly shown: Shown }>();
  readonly diverged: string[] = [];

  get size(): number {
    return this.#known.size;
  }

  /** @param era which history this is, of those that parted above `fork` by order of hosts */
  add(id: string, shown: Shown, era: number, fork: number): void {
    const { lineage } = shown;
    const history = `${lineage}/${shown.version > fork ? era : 0}/${shown.version}`;
    const known = this.#known.get(history);
    if (known === undefined) {
      this.#known.set(history, { id, shown });
      return;
    }
    const { digest, sum } = known.shown;
    if (digest === shown.digest && sum === shown.sum) return;
    const ours = `${shown.digest}/${shown.sum} on ${id}`;
    this.diverged.push(`version ${shown.version}: ${ours}, ${digest}/${sum} on ${known.id}`);
  }
}

const isSnapshot = ({ kind }: Entry): boolean => kind === 'snapshot';

function troublesOf(entries: readonly Entry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.kind === 'trouble') counts[entry.code] = (counts[entry.code] ?? 0) + 1;
  }
  return counts;
}

/** R4, S9: what was reported aborted was never seen; R1, S3: what was acknowledged is there. */
function outcomesOf(answers: Answers, seen: ReadonlySet<string>, nodes: readonly End[]) {
  const aborted = changesOfKind(answers, 'aborted', 'refused');
  const acknowledged = changesOfKind(answers, 'acknowledged');
  const unanswered = changesOfKind(answers, 'tried', 'unknown');
  const lost = nodes.flatMap(({ id, content }) => {
    const held = new Set(content.changes);
    const missing = acknowledged.filter((change) => !held.has(change));
    return missing.map((change) => `${change} is not on ${id}`);
  });
  const shown = aborted.filter((change) => seen.has(change));
  return {
    acknowledged: acknowledged.length,
    aborted: aborted.length,
    unanswered: unanswered.length,
    unansweredMade: unanswered.filter((change) => seen.has(change)).length,
    lost,
    violations: shown.map((change) => `${change} was reported as not made, and was seen`),
  };
}

/** Only logs of masters tell what callers were told. */
export function judge(nodes: readonly NodeEvidence[]): Verdict {
  const logs = nodes.map(({ id, log }) => ({ id, entries: readLog(log) }));
  const meanings = new Meanings();
  const ends = nodes.flatMap(({ id, content }) => (content === null ? [] : [{ id, content }]));
  const seen = new Set(ends.flatMap(({ content }) => content.changes));
  for (const { id, entries } of logs) {
    let era = 0;
    let fork = Number.POSITIVE_INFINITY;
    for (const entry of entries) {
      if (entry.kind === 'rewound') {
        era += 1;
        fork = entry.to;
      }
      if (entry.kind !== 'shown') continue;
      meanings.add(id, entry, era, fork);
      for (const change of entry.changes) seen.add(change);
    }
  }
  const answers = new Map(logs.flatMap(({ entries }) => [...answersOf(entries)]));
  const { violations, ...outcomes } = outcomesOf(answers, seen, ends);
  const contents = new Set(ends.map(({ content }) => `${content.version}/${content.hash}`));
  const diverged = [...meanings.diverged];
  if (contents.size > 1) diverged.push(`the nodes end with ${[...contents].join(', ')}`);
  return {
    ...outcomes,
    states: meanings.size,
    snapshots: logs.flatMap(({ entries }) => entries).filter(isSnapshot).length,
    diverged,
    violations: [...violations, ...logs.flatMap(({ id, entries }) => fallsOf(id, entries))],
    troubles: troublesOf(logs.flatMap(({ entries }) => entries)),
  };
}
