/** How much each yardstick does per round. Full figures are those of the goals. */

export interface Sizes {
  readonly rounds: number;
  /**
   * Each contestant works so many milliseconds, and one round at least, before its first reading:
   * a service is up for weeks, and what runs a thousand times is compiled while it runs.
   */
  readonly warmMs: number;
  readonly loadUpdates: number;
  /** Where slaves or values are many or large. */
  readonly heavyLoadUpdates: number;
  readonly documentUpdates: number;
  readonly pulses: number;
  readonly pulseIntervalMs: number;
  readonly sequentialCommits: number;
  readonly writerCommits: number;
  /** Of 200 B each; W3 and the joins of W5. */
  readonly catchUpKeys: number;
  readonly manySlaves: number;
  /** Of each cell of W5 but the joins. */
  readonly manyRounds: number;
  readonly joinKeys: number;
  readonly joinRounds: number;
}

export const FULL: Sizes = {
  rounds: 5,
  warmMs: 8000,
  loadUpdates: 50_000,
  heavyLoadUpdates: 50_000,
  documentUpdates: 50_000,
  pulses: 500,
  pulseIntervalMs: 4,
  sequentialCommits: 2000,
  writerCommits: 40_000,
  catchUpKeys: 100000,
  manySlaves: 1000,
  manyRounds: 5,
  joinKeys: 100000,
  joinRounds: 3,
};

/** At most three minutes for everything. */
export const QUICK: Sizes = {
  rounds: 5,
  warmMs: 700,
  loadUpdates: 10_000,
  heavyLoadUpdates: 5000,
  documentUpdates: 5000,
  pulses: 80,
  pulseIntervalMs: 3,
  sequentialCommits: 300,
  writerCommits: 3000,
  catchUpKeys: 20000,
  manySlaves: 100,
  manyRounds: 2,
  joinKeys: 5000,
  joinRounds: 1,
};

/** For the tests of the bench itself: its figures say nothing. */
export const TINY: Sizes = {
  rounds: 2,
  warmMs: 0,
  loadUpdates: 600,
  heavyLoadUpdates: 600,
  documentUpdates: 600,
  pulses: 5,
  pulseIntervalMs: 2,
  sequentialCommits: 20,
  writerCommits: 128,
  catchUpKeys: 2000,
  manySlaves: 20,
  manyRounds: 1,
  joinKeys: 500,
  joinRounds: 1,
};
