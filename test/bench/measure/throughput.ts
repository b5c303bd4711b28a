/** W1: from the first update until the last one can be read on the last slave. W4: CPU of it. */
import type { Cluster } from '../cluster.js';
import type { Reading } from '../result.js';

export interface ThroughputSize {
  readonly updates: number;
  readonly keys: number;
}

const CPU_UPDATES = 100_000;

export async function measureThroughput(
  cluster: Cluster,
  { updates, keys }: ThroughputSize,
): Promise<Omit<Reading, 'yardstick' | 'variant'>[]> {
  const { master, slaves } = cluster;
  const firstSequence = cluster.sequences(updates);
  const sequence = firstSequence + updates - 1;
  await Promise.all(slaves.map((slave) => slave.ask('arm', { sequence })));
  const before = await master.ask('usage', null);
  const [load, ...ends] = await Promise.all([
    master.ask('load', { updates, keys, firstSequence }),
    ...slaves.map((slave) => slave.ask('reached', null)),
  ]);
  const after = await master.ask('usage', null);
  await cluster.verify(keys);
  const endUs = Math.max(load.settledUs ?? 0, ...ends.map(({ atUs }) => atUs));
  const perSecond = (updates / (endUs - load.startUs)) * 1e6;
  const cpuSeconds = ((after.cpuUs - before.cpuUs) / 1e6) * (CPU_UPDATES / updates);
  return [
    { unit: 'updates/s', value: perSecond },
    { unit: 'cpu-s/100k', value: cpuSeconds },
  ];
}
