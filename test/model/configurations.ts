/** What is explored: each configuration bounds one mix of changes, faults and starts. */
import type { Bounds } from './vocabulary.js';

const CALM: Omit<Bounds, 'name' | 'statesMax'> = {
  slaves: 1,
  participants: 1,
  onePhase: 0,
  twoPhase: 1,
  masterCrashes: 0,
  slaveCrashes: 0,
  heartbeats: 0,
  vetoes: 0,
  rollbacks: 0,
  deadlines: 0,
  silences: 0,
  failures: 0,
  storeFailures: 0,
  leaves: 0,
  reconnects: 0,
  backups: 0,
  from: 'live',
};

const SHORT_STATES_MAX = 60_000;
const FULL_STATES_MAX = 200_000;

const bounded = (name: string, changes: Partial<Bounds>, statesMax: number): Bounds => ({
  ...CALM,
  name,
  statesMax,
  ...changes,
});

/** Small enough to be explored to the end within seconds. */
export const SHORT: readonly Bounds[] = [
  bounded(
    'two slaves, one round, veto, deadline',
    { slaves: 2, participants: 2, vetoes: 1, deadlines: 1 },
    SHORT_STATES_MAX,
  ),
  bounded(
    'join while it changes',
    { from: 'empty', onePhase: 1, vetoes: 1, deadlines: 1 },
    SHORT_STATES_MAX,
  ),
  bounded('master crashes once', { masterCrashes: 1, deadlines: 1, failures: 1 }, SHORT_STATES_MAX),
  bounded('slave crashes once', { slaveCrashes: 1, vetoes: 1, deadlines: 1 }, SHORT_STATES_MAX),
  bounded('silence', { silences: 1, vetoes: 1, deadlines: 1 }, SHORT_STATES_MAX),
  bounded(
    'only whole states',
    { trimmed: true, onePhase: 2, twoPhase: 0, slaveCrashes: 1, heartbeats: 1 },
    SHORT_STATES_MAX,
  ),
  bounded('one named, one following', { slaves: 2, onePhase: 1, deadlines: 1 }, SHORT_STATES_MAX),
  bounded(
    'what was promised for os only is lost',
    { lossy: true, onePhase: 1, twoPhase: 0, masterCrashes: 1, heartbeats: 1, silences: 1 },
    SHORT_STATES_MAX,
  ),
];

/** Explored by `npm run check:model`, most of them to the end, the others to a bound on states. */
export const FULL: readonly Bounds[] = [
  ...SHORT,
  bounded(
    'one-phase, round, heartbeat',
    { onePhase: 1, heartbeats: 1, vetoes: 1, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded('two rounds in a row', { twoPhase: 2, deadlines: 1 }, FULL_STATES_MAX),
  bounded(
    'two rounds and an increment',
    { twoPhase: 2, onePhase: 1, rollbacks: 1 },
    FULL_STATES_MAX,
  ),
  bounded('both crash', { masterCrashes: 1, slaveCrashes: 1, deadlines: 1 }, FULL_STATES_MAX),
  bounded(
    'master crashes twice',
    { masterCrashes: 2, heartbeats: 1, silences: 1 },
    FULL_STATES_MAX,
  ),
  bounded('a round after a master crash', { twoPhase: 2, masterCrashes: 1 }, FULL_STATES_MAX),
  bounded('slave crashes twice', { slaveCrashes: 2, deadlines: 1 }, FULL_STATES_MAX),
  bounded('crash and silence', { masterCrashes: 1, silences: 1, onePhase: 1 }, FULL_STATES_MAX),
  bounded(
    'two slaves, master crashes',
    { slaves: 2, participants: 2, masterCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'two slaves, slave crashes',
    { slaves: 2, participants: 2, slaveCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'two slaves, two rounds',
    { slaves: 2, participants: 2, twoPhase: 2, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'three slaves, one round',
    { slaves: 3, participants: 3, vetoes: 1, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'lost increments and a round',
    { lossy: true, onePhase: 1, masterCrashes: 1, silences: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'whole states and a round',
    { trimmed: true, onePhase: 1, slaveCrashes: 1, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'a write fails',
    { storeFailures: 1, masterCrashes: 1, slaveCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'fetched deltas, reconnects',
    { fetched: true, reconnects: 1, masterCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'a slave leaves',
    { slaves: 2, participants: 2, leaves: 1, rollbacks: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'an old folder is put back',
    { backups: 1, masterCrashes: 1, onePhase: 2, twoPhase: 0, silences: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'an old folder amid a round',
    { backups: 1, masterCrashes: 1, onePhase: 1, silences: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'whole states in parts, slave crashes',
    { chunked: true, from: 'empty', onePhase: 1, twoPhase: 0, slaveCrashes: 1, reconnects: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'whole states in parts, master crashes',
    { chunked: true, trimmed: true, onePhase: 2, twoPhase: 0, heartbeats: 1, masterCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'two masters in one reign',
    { rival: 'clone', rests: false, onePhase: 1, heartbeats: 1, silences: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'two masters, and a slave that is empty',
    { rival: 'clone', rests: false, from: 'empty', onePhase: 1, twoPhase: 0, slaveCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'a master takes over from one that runs',
    { rival: 'takeover', rests: false, onePhase: 1, silences: 1, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'taken over amid rounds, with a crash',
    { rival: 'takeover', rests: false, twoPhase: 2, silences: 1, masterCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'slaves without a store',
    { storeless: true, slaves: 2, participants: 2, slaveCrashes: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'a slave without a store, crashing twice',
    { storeless: true, slaveCrashes: 2, onePhase: 1, deadlines: 1 },
    FULL_STATES_MAX,
  ),
  bounded(
    'empty start, master crashes',
    { from: 'empty', masterCrashes: 1, onePhase: 1 },
    FULL_STATES_MAX,
  ),
];

/** Where each mutant is let loose, with what it needs to do harm on top. */
export const HUNTING_GROUND = bounded('mutant', { deadlines: 1 }, 150_000);
