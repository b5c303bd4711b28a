/** W4: memory of a slave that is connected and has next to nothing to hold. */
import type { Cluster } from '../cluster.js';
import { median } from '../statistics.js';

const MEBIBYTE = 1024 * 1024;

export async function measureIdle(cluster: Cluster) {
  const usages = await Promise.all(cluster.slaves.map((slave) => slave.ask('usage', null)));
  const value = median(usages.map(({ rssBytes }) => rssBytes)) / MEBIBYTE;
  return [{ variant: 'idle-slave-rss', unit: 'MiB', value }];
}
