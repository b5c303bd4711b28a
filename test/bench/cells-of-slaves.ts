/** The cells of W3, W4 and W5 that are about slaves: catching up, idling, being many. */
import { type Cell, inMemory } from './cell.js';
import type { Cluster } from './cluster.js';
import { addReturning, fill, measureBehind, measureEmpty } from './measure/catch-up.js';
import { measureIdle } from './measure/footprint.js';
import { measureJoins, measureSpread, measureStalled } from './measure/many-slaves.js';
import type { Reading } from './result.js';
import type { Sizes } from './sizes.js';

const MISSED = 1000;
const CATCH_UP_BYTES = 200;
const PROCESSES = 10;
const SPREAD_UPDATES = 1000;
/** A thousand states of 20 MB are 20 GB: six minutes of two cores for `limit-json`. */
const JOINS_MS_MAX = 900_000;
/** Little enough to fit into the limit programs' buffers, which know no bound. */
const STALLED_UPDATES = 5000;

const shared = {
  copies: 1,
  valueBytes: 100,
  layer: 'keyValue',
  entries: inMemory('limit', 'limit-json', 'replichart'),
  reference: 'limit-json',
} as const;

type Measured = ReadonlyArray<Omit<Reading, 'yardstick'>>;

/** Gives the readings of a measurement their yardstick. */
function of(yardstick: string, measure: (cluster: Cluster) => Promise<Measured>) {
  return async (cluster: Cluster): Promise<Reading[]> => {
    return (await measure(cluster)).map((reading) => ({ yardstick, ...reading }));
  };
}

export function catchUpCells({ catchUpKeys }: Sizes): Cell[] {
  const size = { keys: catchUpKeys, missed: Math.min(MISSED, catchUpKeys / 2) };
  const entries = inMemory('limit', 'limit-json', 'replichart', 'yjs');
  const base = { ...shared, entries, yardsticks: ['W3'], slaves: 1, valueBytes: CATCH_UP_BYTES };
  return [
    {
      ...base,
      title: `W3 an empty slave, ${catchUpKeys} keys`,
      startsEmpty: true,
      prepare: (cluster) => fill(cluster, catchUpKeys),
      measure: of('W3', (cluster) => measureEmpty(cluster, size)),
    },
    {
      ...base,
      title: `W3 ${size.missed} versions behind, ${catchUpKeys} keys`,
      startsEmpty: true,
      prepare: async (cluster) => {
        await fill(cluster, catchUpKeys);
        await addReturning(cluster);
      },
      measure: of('W3', (cluster) => measureBehind(cluster, size)),
    },
  ];
}

export function idleCell(): Cell {
  return {
    ...shared,
    title: 'W4 idle slaves',
    yardsticks: ['W4'],
    slaves: 4,
    measure: of('W4', measureIdle),
  };
}

export function manySlavesCells(sizes: Sizes): Cell[] {
  const { manySlaves, manyRounds, joinKeys, joinRounds, pulses, pulseIntervalMs } = sizes;
  const copies = manySlaves / PROCESSES;
  const base = { ...shared, yardsticks: ['W5'], slaves: manySlaves, copies, rounds: manyRounds };
  // A pulse to a thousand slaves takes long itself: the next one has to find them calm.
  const pulse = { updates: Math.ceil(pulses / 4), intervalMs: pulseIntervalMs * 10 };
  const joins = { processes: PROCESSES, copies, stateBytes: joinKeys * CATCH_UP_BYTES };
  return [
    {
      ...base,
      title: `W5 ${SPREAD_UPDATES} updates to ${manySlaves} slaves`,
      measure: of('W5', (cluster) => measureSpread(cluster, SPREAD_UPDATES)),
    },
    {
      ...base,
      title: `W5 a tenth of ${manySlaves} slaves stalled`,
      measure: of('W5', (cluster) => measureStalled(cluster, pulse, STALLED_UPDATES)),
    },
    {
      ...base,
      title: `W5 ${manySlaves} slaves join at once, ${joinKeys} keys`,
      startsEmpty: true,
      layer: 'sink',
      valueBytes: CATCH_UP_BYTES,
      rounds: joinRounds,
      warmUp: null,
      roundMsMax: JOINS_MS_MAX,
      prepare: (cluster) => fill(cluster, joinKeys),
      measure: of('W5', (cluster) => measureJoins(cluster, joins)),
    },
  ];
}
