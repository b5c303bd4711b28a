/** W1b: from update() on the master until the value can be read on the last slave. */
import type { Cluster } from '../cluster.js';
import type { NodeProcess } from '../node-process.js';
import { median } from '../statistics.js';

export interface LatencySize {
  readonly updates: number;
  readonly intervalMs: number;
}

export async function measureLatency(
  cluster: Cluster,
  { updates, intervalMs }: LatencySize,
  slaves: readonly NodeProcess[] = cluster.slaves,
) {
  const { master } = cluster;
  const firstSequence = cluster.sequences(updates);
  await Promise.all(slaves.map((slave) => slave.ask('watch', { firstSequence, updates })));
  const [{ startsUs }, ...seen] = await Promise.all([
    master.ask('pulse', { updates, keys: 1, firstSequence, intervalMs }),
    ...slaves.map((slave) => slave.ask('watched', null)),
  ]);
  const samples = startsUs.map((startUs, place) => {
    return Math.max(...seen.map(({ timesUs }) => timesUs[place] ?? Number.NaN)) - startUs;
  });
  return [{ unit: 'us', value: median(samples), samples }];
}
