/** W2: updates that all slaves acknowledge, one after the other or from many writers. */
import type { Cluster } from '../cluster.js';
import type { Acknowledgement } from '../contestants/contract.js';
import { median } from '../statistics.js';

export interface CommitsSize {
  readonly updates: number;
  readonly keys: number;
  readonly writers: number;
  readonly until: Acknowledgement;
}

export async function measureCommits(cluster: Cluster, size: CommitsSize) {
  const firstSequence = cluster.sequences(size.updates);
  const plan = { ...size, firstSequence };
  const { elapsedUs, samplesUs } = await cluster.master.ask('commits', plan);
  if (size.until === 'applied') await cluster.verify(size.keys);
  if (size.writers === 1) return [{ unit: 'us', value: median(samplesUs), samples: samplesUs }];
  return [{ unit: 'updates/s', value: (size.updates / elapsedUs) * 1e6 }];
}
