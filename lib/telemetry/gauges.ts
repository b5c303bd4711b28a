/** What a collection reads off the running nodes; nothing is computed between two of them. */
import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import type { InspectedNode, MasterReport, SlaveReport } from '../service/inspection.js';
import { type Instruments, nodeAttributes } from './instruments.js';

const LINKS = ['joining', 'live', 'lagging', 'stale', 'refused'] as const;
const MS_PER_S = 1000;

export interface GaugeOptions {
  readonly meter: Meter;
  readonly instruments: Instruments;
  readonly nodes: () => Iterable<InspectedNode>;
  /** Slaves with a series of their own. */
  readonly slavesMax: number;
  /** A node that cannot tell of itself; the others are measured all the same. */
  readonly failed: (error: unknown) => void;
}

/** Returns the function that ends it. */
export function watchGauges(options: GaugeOptions): () => void {
  const { meter, instruments, nodes, failed } = options;
  const { gauges } = instruments;
  const read = (result: BatchObservableResult): void => {
    for (const node of nodes()) {
      try {
        const report = node.report();
        if (report.role === 'master') readMaster(result, node, report, options);
        else readSlave(result, node, report, instruments);
      } catch (error) {
        failed(error);
      }
    }
  };
  meter.addBatchObservableCallback(read, gauges);
  return () => meter.removeBatchObservableCallback(read, gauges);
}

function readMaster(
  result: BatchObservableResult,
  node: InspectedNode,
  { status, slaves }: MasterReport,
  { instruments, slavesMax }: GaugeOptions,
): void {
  const attributes = nodeAttributes(node);
  const version = status.position?.version ?? 0;
  const role = { ...attributes, 'replichart.role': 'master' };
  result.observe(instruments.gauge('replichart.version'), version, role);
  result.observe(instruments.gauge('replichart.queue.length'), status.queued, attributes);
  const counts = new Map<string, number>(LINKS.map((link) => [link, 0]));
  for (const { link } of slaves) counts.set(link, (counts.get(link) ?? 0) + 1);
  for (const [link, count] of counts) {
    const all = { ...attributes, 'replichart.link': link };
    result.observe(instruments.gauge('replichart.slaves'), count, all);
  }
  // The report begins with the slave furthest behind.
  result.observe(instruments.gauge('replichart.lag.max'), slaves[0]?.lag ?? 0, attributes);
  for (const { id, lag } of slaves.slice(0, slavesMax)) {
    const all = { ...attributes, 'replichart.slave': id };
    result.observe(instruments.gauge('replichart.lag'), lag, all);
  }
}

function readSlave(
  result: BatchObservableResult,
  node: InspectedNode,
  { status, position, age }: SlaveReport,
  instruments: Instruments,
): void {
  const attributes = nodeAttributes(node);
  const role = { ...attributes, 'replichart.role': 'slave' };
  result.observe(instruments.gauge('replichart.version'), position?.version ?? 0, role);
  const doubtS = status.inDoubtFor / MS_PER_S;
  result.observe(instruments.gauge('replichart.in_doubt.age'), doubtS, attributes);
  if (age === null) return;
  result.observe(instruments.gauge('replichart.heartbeat.age'), age / MS_PER_S, attributes);
}
