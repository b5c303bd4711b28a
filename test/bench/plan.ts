/** Every cell of the bench, in the order in which they run. */
import { type Cell, inMemory } from './cell.js';
import { catchUpCells, idleCell, manySlavesCells } from './cells-of-slaves.js';
import type { Cluster } from './cluster.js';
import type { Acknowledgement } from './contestants/contract.js';
import { measureCommits } from './measure/commits.js';
import { measureLatency } from './measure/latency.js';
import { measureThroughput } from './measure/throughput.js';
import type { Entry, Reading } from './result.js';
import type { Sizes } from './sizes.js';

export const YARDSTICKS = ['W1', 'W1b', 'W2', 'W3', 'W4', 'W5'] as const;

const KEYS = 1000;
const WRITERS = 64;
const WIDE = 16;

interface Shape {
  readonly slaves: number;
  readonly valueBytes: number;
  readonly updates: number;
  readonly layer?: 'keyValue' | 'document';
}

function throughputCell(shape: Shape): Cell {
  const { slaves, valueBytes, updates, layer = 'keyValue' } = shape;
  const isWide = slaves === WIDE;
  const peers = layer === 'document' ? [] : ['redis', 'redis-pubsub', 'nats-kv', 'yjs'];
  return {
    title: `W1 ${layer}, ${slaves} slaves, ${valueBytes} B`,
    yardsticks: isWide ? ['W1', 'W4'] : ['W1'],
    slaves,
    copies: 1,
    valueBytes,
    layer,
    entries: inMemory('limit', 'limit-json', 'replichart', ...peers),
    reference: 'limit-json',
    measure: async (cluster) => {
      const [rate, cpu] = await measureThroughput(cluster, { updates, keys: KEYS });
      if (rate === undefined || cpu === undefined) throw new Error('a reading is missing');
      const readings: Reading[] = [{ yardstick: 'W1', variant: layer, ...rate }];
      // What one more slave costs the master shows best where they are many.
      if (isWide) readings.push({ yardstick: 'W4', variant: 'master-cpu', ...cpu });
      return readings;
    },
  };
}

function latencyCell({ pulses, pulseIntervalMs }: Sizes): Cell {
  return {
    title: 'W1b latency, 4 slaves, 100 B',
    yardsticks: ['W1b'],
    slaves: 4,
    copies: 1,
    valueBytes: 100,
    layer: 'keyValue',
    entries: inMemory('limit', 'limit-json', 'replichart', 'redis-pubsub', 'nats-kv', 'yjs'),
    reference: 'limit-json',
    warmUp: (cluster) => measureLatency(cluster, { updates: pulses, intervalMs: 0 }),
    measure: async (cluster) => {
      const size = { updates: pulses, intervalMs: pulseIntervalMs };
      const readings = await measureLatency(cluster, size);
      return readings.map((reading) => ({ yardstick: 'W1b', variant: 'keyValue', ...reading }));
    },
  };
}

interface CommitsShape {
  readonly variant: string;
  readonly writers: number;
  readonly updates: number;
  readonly until: Acknowledgement;
  readonly entries: readonly Entry[];
  readonly reference: string;
}

function commitsCell(shape: CommitsShape): Cell {
  const { variant, writers, updates, until, entries, reference } = shape;
  return {
    title: `W2 ${variant}, 4 slaves, 100 B`,
    yardsticks: ['W2'],
    slaves: 4,
    copies: 1,
    valueBytes: 100,
    layer: 'keyValue',
    entries,
    reference,
    measure: async (cluster) => {
      const readings = await measureCommits(cluster, { updates, keys: KEYS, writers, until });
      return readings.map((reading) => ({ yardstick: 'W2', variant, ...reading }));
    },
  };
}

function commitCells({ sequentialCommits, writerCommits }: Sizes): Cell[] {
  const applied: Entry[] = [
    { contestant: 'limit', label: 'limit-acked', store: 'memory' },
    { contestant: 'limit-json', label: 'limit-json-acked', store: 'memory' },
    ...inMemory('replichart', 'redis'),
    { contestant: 'replichart', label: 'replichart', store: 'disk' },
    { contestant: 'redis', label: 'redis', store: 'disk' },
    { contestant: 'postgres', label: 'postgres', store: 'disk' },
  ];
  return [
    commitsCell({
      variant: 'sequential-committed',
      writers: 1,
      updates: sequentialCommits,
      until: 'committed',
      entries: inMemory('limit', 'limit-json', 'replichart', 'redis'),
      reference: 'limit-json',
    }),
    commitsCell({
      variant: 'writers-64-applied',
      writers: WRITERS,
      updates: writerCommits,
      until: 'applied',
      entries: applied,
      reference: 'limit-json-acked',
    }),
  ];
}

async function cpuUsOf({ master, slaves }: Cluster): Promise<number> {
  const usages = await Promise.all([master, ...slaves].map((node) => node.ask('usage', null)));
  return usages.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** W1 with nobody watching, with a page that watches, and with a recording of everything. */
export function inspectorCells({ loadUpdates }: Sizes): Cell[] {
  // What happens within a moment is shown whole: only a load that lasts tells what watching costs.
  const updates = loadUpdates * 10;
  const cell = throughputCell({ slaves: 4, valueBytes: 100, updates });
  const entries = inMemory('replichart', 'replichart-attached', 'replichart-recording');
  // The CPU of all processes beside the rate: other programs on the machine disturb it less.
  const measure = async (cluster: Cluster): Promise<readonly Reading[]> => {
    const before = await cpuUsOf(cluster);
    const readings = await cell.measure(cluster);
    const seconds = ((await cpuUsOf(cluster)) - before) / 1e6;
    const value = seconds * (100_000 / updates);
    return [...readings, { yardstick: 'W4', variant: 'all-cpu', unit: 'cpu-s/100k', value }];
  };
  const title = `${cell.title}, inspected`;
  const yardsticks = ['W1', 'W4'];
  return [{ ...cell, title, yardsticks, entries, measure, reference: 'replichart' }];
}

export function cellsOf(sizes: Sizes): Cell[] {
  const { loadUpdates, heavyLoadUpdates, documentUpdates } = sizes;
  return [
    throughputCell({ slaves: 4, valueBytes: 100, updates: loadUpdates }),
    throughputCell({ slaves: 4, valueBytes: 1000, updates: heavyLoadUpdates }),
    throughputCell({ slaves: WIDE, valueBytes: 100, updates: heavyLoadUpdates }),
    throughputCell({ slaves: 4, valueBytes: 100, updates: documentUpdates, layer: 'document' }),
    latencyCell(sizes),
    ...commitCells(sizes),
    ...catchUpCells(sizes),
    idleCell(),
    ...manySlavesCells(sizes),
  ];
}
