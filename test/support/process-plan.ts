/** What the rounds of a chaos run do: every choice is drawn from the seed before anything runs. */
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { LINK_FAULT_KINDS, type LinkFaultKind } from './process-proxy.js';

export const HEARTBEAT_MS = 200;
export const VOTE_MS = 600;
export const SLAVES = 3;
/** Above vote, silence (3 heartbeats) and the end of silent connections (10 heartbeats). */
const BEYOND_ALL_MS = 10.5 * HEARTBEAT_MS;

export const ROUND_KINDS = ['kill', 'pause', 'network', 'mixed'] as const;
export type RoundKind = (typeof ROUND_KINDS)[number];

export interface KillPlan {
  /** Numbers of nodes; 0 is the master. */
  readonly victims: readonly number[];
  /** Milliseconds after the load began; null = once it is over. */
  readonly afterMs: number | null;
  readonly restartAfterMs: number;
  /** Milliseconds after each restart at which they are killed again. */
  readonly again: readonly number[];
}

/** A node that stands still (SIGSTOP) for a while. */
export interface PausePlan {
  readonly node: number;
  readonly afterMs: number;
  readonly forMs: number;
}

export interface LinkPlan {
  /** Number of the slave whose link it is, from 1. */
  readonly slave: number;
  readonly kind: LinkFaultKind;
  /** As in `LinkFault`. */
  readonly amount: number;
  readonly afterMs: number;
  readonly forMs: number;
  /** What was held back arrives late; else the connections of before are reset. */
  readonly flows: boolean;
}

export interface RoundPlan {
  readonly kind: RoundKind;
  readonly inFlight: number;
  readonly kill: KillPlan | null;
  readonly pauses: readonly PausePlan[];
  readonly links: readonly LinkPlan[];
}

const upTo = (random: Random, max: number) => Math.floor(random() * max);

/** Some of the numbers from `from` to `to`, in random order. */
function someOf(random: Random, from: number, to: number, count: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
    .map((index) => ({ index, rank: random() }))
    .sort((left, right) => left.rank - right.rank)
    .slice(0, count)
    .map(({ index }) => index);
}

/** Mostly two of all nodes, or one, in a few all at once. */
function killPlan(random: Random): KillPlan {
  const share = random();
  const count = share < 0.4 ? 1 : share < 0.92 ? 2 : SLAVES + 1;
  const again =
    random() < 0.45 ? Array.from({ length: 1 + upTo(random, 2) }, () => upTo(random, 500)) : [];
  return {
    victims: someOf(random, 0, SLAVES, count),
    afterMs: random() < 0.8 ? upTo(random, 300) : null,
    restartAfterMs: upTo(random, 120),
    again,
  };
}

function pausePlans(random: Random): readonly PausePlan[] {
  const count = 2 + upTo(random, 2);
  return someOf(random, 0, SLAVES, count).map((node) => ({
    node,
    afterMs: upTo(random, 400),
    forMs: BEYOND_ALL_MS + upTo(random, 400),
  }));
}

const AMOUNTS: Partial<Record<LinkFaultKind, readonly [min: number, span: number]>> = {
  delay: [20, 280],
  throttle: [20_000, 200_000],
  crumble: [500, 60_000],
  flap: [80, 240],
};

/** Somewhere between a blink and longer than every time-out. */
function linkForMs(random: Random): number {
  return random() < 0.2 ? BEYOND_ALL_MS + upTo(random, 300) : 250 + upTo(random, 1000);
}

/**
 * The kinds come in turn, so that a run has all of them whatever its seed.
 * @param turn number of the link fault that comes first
 */
function linkPlans(random: Random, turn: number): readonly LinkPlan[] {
  const count = 1 + upTo(random, SLAVES);
  return someOf(random, 1, SLAVES, count).map((slave, index) => {
    const kind = LINK_FAULT_KINDS[(turn + index) % LINK_FAULT_KINDS.length] ?? 'cut';
    const [min, span] = AMOUNTS[kind] ?? [0, 1];
    const amount = min + upTo(random, span);
    const forMs = linkForMs(random);
    return { slave, kind, amount, afterMs: upTo(random, 300), forMs, flows: random() < 0.5 };
  });
}

/** A round of this kind; the same seed and number always give the same. */
export function planRound(kind: RoundKind, seed: string, number: number): RoundPlan {
  const random = seededRandom(seed, `${kind} ${number}`);
  const hasPause = kind === 'pause' || (kind === 'mixed' && random() < 0.4);
  const hasLinks = kind === 'network' || kind === 'mixed';
  return {
    kind,
    inFlight: 2 + upTo(random, 12),
    kill: kind === 'kill' || kind === 'mixed' ? killPlan(random) : null,
    pauses: hasPause ? pausePlans(random) : [],
    // A stride that meets every kind first, whatever the number of links.
    links: hasLinks ? linkPlans(random, number * 3) : [],
  };
}

/** Rounds on one cluster, judged together. */
export interface Stretch {
  readonly number: number;
  readonly rounds: readonly RoundPlan[];
}

/** Of a hundred rounds; the rest are `kill`. */
const SHARES: Readonly<Record<Exclude<RoundKind, 'kill'>, number>> = {
  pause: 15,
  network: 18,
  mixed: 12,
};
const ROUNDS_PER_STRETCH = 12;

function countsOf(rounds: number, only: RoundKind | null): Record<RoundKind, number> {
  const counts = { kill: 0, pause: 0, network: 0, mixed: 0 };
  if (only !== null) return { ...counts, [only]: rounds };
  for (const kind of ['pause', 'network', 'mixed'] as const) {
    counts[kind] = Math.ceil((rounds * SHARES[kind]) / 100);
  }
  counts.kill = Math.max(0, rounds - counts.pause - counts.network - counts.mixed);
  return counts;
}

/** In turn from both lists while they last. */
export function inTurn<T>(left: readonly T[], right: readonly T[]): T[] {
  const length = Math.max(left.length, right.length);
  const indices = Array.from({ length }, (_, index) => index);
  return indices.flatMap((index) => [left, right].flatMap((list) => list.slice(index, index + 1)));
}

/**
 * All rounds of a run, in stretches of one kind each. Kills need the processors, the others mostly
 * wait: clusters that run at the same time should not all do the same.
 */
export function planRun(seed: string, rounds: number, only: RoundKind | null): Stretch[] {
  const counts = countsOf(rounds, only);
  const stretches: RoundPlan[][] = [];
  for (const kind of ROUND_KINDS) {
    for (let number = 1; number <= counts[kind]; number += 1) {
      if (number % ROUNDS_PER_STRETCH === 1) stretches.push([]);
      stretches.at(-1)?.push(planRound(kind, seed, number));
    }
  }
  const kills = stretches.filter(([first]) => first?.kind === 'kill');
  const others = stretches.filter(([first]) => first?.kind !== 'kill');
  return inTurn(kills, others).map((plans, index) => ({ number: index + 1, rounds: plans }));
}
