/** A cluster on the virtual clock whose masters and slaves are watched by one collector. */
import { createCollector } from '../../lib/inspector/collect/collector.js';
import type { Collector, CollectorOptions } from '../../lib/inspector/collect/contract.js';
import type { Entry } from '../../lib/inspector/entries.js';
import { type ClusterOptions, ServiceCluster } from './service-cluster.js';

export const EPOCH_MS = 1_700_000_000_000;

export class InspectedCluster extends ServiceCluster {
  readonly entries: Entry[] = [];
  readonly collector: Collector;

  constructor(options: ClusterOptions & { readonly collector?: Partial<CollectorOptions> } = {}) {
    const { collector, ...given } = options;
    super(given);
    this.collector = createCollector({
      sink: { take: (entries) => void this.entries.push(...entries) },
      clock: this.clock,
      epochMs: EPOCH_MS,
      prefix: 'c',
      ...collector,
    });
  }

  get inspected() {
    return { inspect: this.collector.inspect };
  }

  of<K extends Entry['kind']>(kind: K): ReadonlyArray<Extract<Entry, { kind: K }>> {
    return this.entries.filter((entry) => entry.kind === kind) as never;
  }
}
