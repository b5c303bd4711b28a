/** How much each yardstick does per round. Full figures are those of the goals. */

export interface Sizes {
  readonly rounds: number;
  /** Rounds whose readings are thrown away: code is compiled while it runs. */
  readonly warmUps: number;
  readonly loadUpdates: number;
  /** Where slaves or values are many or large. */
  readonly heavyLoadUpdates: number;
  readonly documentUpdates: number;
  readonly pulses: number;
  readonly pulseIntervalMs: number;
  /** Single updates before the first that counts: latency is that of a process at work. */
  readonly warmPulses: number;
  readonly sequentialCommits: number;
  readonly writerCommits: number;
  /** Of 200 B each; W3 and the joins of W5. */
  readonly catchUpKeys: number;
  readonly manySlaves: number;
  readonly joinKeys: number;
  readonly joinRounds: { readonly warmUps: number; readonly counting: number };
}

export const FULL: Sizes = {
  rounds: 5,
  warmUps: 1,
  loadUpdates: 50_000,
  heavyLoadUpdates: 50_000,
  documentUpdates: 50_000,
  pulses: 500,
  pulseIntervalMs: 4,
  warmPulses: 4000,
  sequentialCommits: 2000,
  writerCommits: 40_000,
  catchUpKeys: 100000,
  manySlaves: 1000,
  joinKeys: 100000,
  joinRounds: { warmUps: 0, counting: 3 },
};

/** At most three minutes for everything. */
export const QUICK: Sizes = {
  rounds: 5,
  warmUps: 2,
  loadUpdates: 10_000,
  heavyLoadUpdates: 5000,
  documentUpdates: 5000,
  pulses: 100,
  pulseIntervalMs: 3,
  warmPulses: 1000,
  sequentialCommits: 300,
  writerCommits: 3000,
  catchUpKeys: 20000,
  manySlaves: 200,
  joinKeys: 5000,
  joinRounds: { warmUps: 0, counting: 3 },
};

/** For the tests of the bench itself: its figures say nothing. */
export const TINY: Sizes = {
  rounds: 2,
  warmUps: 1,
  loadUpdates: 600,
  heavyLoadUpdates: 600,
  documentUpdates: 600,
  pulses: 5,
  pulseIntervalMs: 2,
  warmPulses: 5,
  sequentialCommits: 20,
  writerCommits: 128,
  catchUpKeys: 2000,
  manySlaves: 20,
  joinKeys: 500,
  joinRounds: { warmUps: 0, counting: 1 },
};
