/** What is to be reached, in one run, as ratios: machines are noisy. */
import type { ResultLine } from './result.js';

type Where = Partial<ResultLine>;

export interface Goal {
  readonly text: string;
  readonly line: Where;
  /** What the line's median is divided by; without it the median itself is judged. */
  readonly against?: Where;
  /** What the median is divided by where that is no line: a size, an interval. @default 1 */
  readonly divisor?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Verdict {
  readonly goal: Goal;
  /** Null when the run did not measure what it needs. */
  readonly reached: number | null;
  readonly isMet: boolean;
}

const OURS: Where = { contestant: 'replichart', slaves: 4, valueBytes: 100, store: 'memory' };
const JSON_LIMIT: Where = { contestant: 'limit-json', store: 'memory' };
const ACKED: Where = { contestant: 'limit-json-acked', store: 'memory' };
const W1: Where = { ...OURS, yardstick: 'W1', variant: 'keyValue' };
const WRITERS: Where = { ...OURS, yardstick: 'W2', variant: 'writers-64-applied' };

const CATCH_UP: Where = { contestant: 'replichart', yardstick: 'W3', store: 'memory' };
const MANY: Where = { contestant: 'replichart', yardstick: 'W5', store: 'memory' };

export const GOALS: readonly Goal[] = [
  { text: 'W1 keyValue / limit-json', line: W1, against: JSON_LIMIT, atLeast: 1.5 },
  {
    text: 'W1 1 KB / limit-json',
    line: { ...W1, valueBytes: 1000 },
    against: JSON_LIMIT,
    atLeast: 1.2,
  },
  {
    text: 'W1 16 slaves / limit-json',
    line: { ...W1, slaves: 16 },
    against: JSON_LIMIT,
    atLeast: 1.5,
  },
  {
    text: 'W1 keyValue, inspector attached / off',
    line: { ...W1, contestant: 'replichart-attached' },
    against: { contestant: 'replichart' },
    atLeast: 0.9,
  },
  { text: 'W1 keyValue / redis', line: W1, against: { contestant: 'redis' }, atLeast: 2 },
  {
    text: 'W1 document, 1,000 keys / limit-json',
    line: { ...W1, variant: 'document' },
    against: JSON_LIMIT,
    atLeast: 0.6,
  },
  {
    text: 'W1b p50 / limit-json',
    line: { ...OURS, yardstick: 'W1b' },
    against: JSON_LIMIT,
    atMost: 1.25,
  },
  {
    text: 'W2 64 writers, applied / limit-json-acked',
    line: WRITERS,
    against: ACKED,
    atLeast: 1.5,
  },
  {
    text: 'W2 64 writers, applied / redis',
    line: WRITERS,
    against: { contestant: 'redis', store: 'memory' },
    atLeast: 1,
  },
  {
    text: 'W2 sequential committed p50 / limit-json',
    line: { ...OURS, yardstick: 'W2', variant: 'sequential-committed' },
    against: JSON_LIMIT,
    atMost: 1.5,
  },
  {
    text: 'W2 64 writers, durable / limit-json-acked',
    line: { ...WRITERS, store: 'disk' },
    against: ACKED,
    atLeast: 0.5,
  },
  {
    text: 'W2 64 writers, durable / postgres',
    line: { ...WRITERS, store: 'disk' },
    against: { contestant: 'postgres', store: 'disk' },
    atLeast: 4,
  },
  {
    text: 'W4 master CPU at 16 slaves / limit-json',
    line: { ...OURS, yardstick: 'W4', variant: 'master-cpu', slaves: 16 },
    against: JSON_LIMIT,
    atMost: 1,
  },
  {
    text: 'W4 RSS of an idle slave / limit',
    line: { ...OURS, yardstick: 'W4', variant: 'idle-slave-rss' },
    against: { contestant: 'limit' },
    atMost: 1.2,
  },
  {
    text: 'W3 empty slave, time / limit-json',
    line: { ...CATCH_UP, variant: 'empty' },
    against: JSON_LIMIT,
    atMost: 0.8,
  },
  {
    text: 'W3 1,000 versions behind, ms',
    line: { ...CATCH_UP, variant: 'behind-1000', unit: 'ms' },
    atMost: 8,
  },
  {
    text: 'W3 1,000 versions behind, bytes / values',
    line: { ...CATCH_UP, variant: 'behind-1000-bytes' },
    divisor: 1000 * 200,
    atMost: 1.1,
  },
  {
    text: 'W5 a tenth stalled, p50 of the others / none stalled',
    line: { ...MANY, variant: 'latency-tenth-stalled' },
    against: { variant: 'latency' },
    atMost: 1.2,
  },
  {
    text: 'W5 a tenth stalled, growth of the master, MiB',
    line: { ...MANY, variant: 'rss-growth-tenth-stalled' },
    atMost: 64,
  },
  {
    text: 'W5 all join at once, longest silence / heartbeat',
    line: { ...MANY, variant: 'join-at-once-silence' },
    divisor: 1000,
    atMost: 2,
  },
];

function find(lines: readonly ResultLine[], where: Where): ResultLine | undefined {
  const wanted = Object.entries(where);
  return lines.find((line) => {
    return wanted.every(([name, value]) => line[name as keyof ResultLine] === value);
  });
}

function judge(goal: Goal, lines: readonly ResultLine[]): Verdict {
  const line = find(lines, goal.line);
  const base = goal.against && find(lines, { ...goal.line, ...goal.against });
  if (line === undefined || (goal.against !== undefined && base === undefined)) {
    return { goal, reached: null, isMet: false };
  }
  const reached = line.median / (base?.median ?? goal.divisor ?? 1);
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
  return { goal, reached, isMet: reached >= atLeast && reached <= atMost };
}

export function judgeAll(lines: readonly ResultLine[]): Verdict[] {
  return GOALS.map((goal) => judge(goal, lines));
}
