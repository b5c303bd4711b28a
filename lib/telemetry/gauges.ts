/** What a collection reads off the running nodes; nothing is computed between two of them. */
import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import type {
  InspectedNode,
  MasterReport,
  NodeReport,
  SlaveReport,
} from '../service/inspection.js';
import { type Instruments, nodeAttributes } from './instruments.js';
import { lowestVersion, treeBelow } from './tree-below.js';

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
  const seats = new WeakMap<InspectedNode, Set<string>>();
  const read = (result: BatchObservableResult): void => {
    for (const node of nodes()) {
      try {
        const report = node.report();
        const named = seats.get(node) ?? new Set();
        seats.set(node, named);
        if (report.role === 'master') readMaster(result, node, report, { ...options, named });
        else readSlave(result, node, report, instruments);
        readBelow(result, node, report, instruments);
      } catch (error) {
        failed(error);
      }
    }
  };
  meter.addBatchObservableCallback(read, gauges);
  return () => meter.removeBatchObservableCallback(read, gauges);
}

/**
 * Slaves keep their seats while their master knows them, and free ones go to those furthest
 * behind: an SDK keeps a series it was once given, so changing ones would pile up in it.
 */
function seated(
  { slaves }: MasterReport,
  named: Set<string>,
  slavesMax: number,
): MasterReport['slaves'] {
  const known = new Set(slaves.map(({ id }) => id));
  for (const id of named) if (!known.has(id)) named.delete(id);
  for (const { id } of slaves) if (named.size < slavesMax) named.add(id);
  return slaves.filter(({ id }) => named.has(id));
}

interface Seats {
  readonly instruments: Instruments;
  readonly slavesMax: number;
  readonly named: Set<string>;
}

function readMaster(
  result: BatchObservableResult,
  node: InspectedNode,
  report: MasterReport,
  { instruments, slavesMax, named }: Seats,
): void {
  const { status, slaves } = report;
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
  for (const { id, lag } of seated(report, named, slavesMax)) {
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

function readBelow(
  result: BatchObservableResult,
  node: InspectedNode,
  report: NodeReport,
  instruments: Instruments,
): void {
  const tree = treeBelow(report);
  if (tree === null) return;
  const attributes = nodeAttributes(node);
  result.observe(instruments.gauge('replichart.below'), tree.slaves, attributes);
  result.observe(instruments.gauge('replichart.below.live'), tree.live, attributes);
  result.observe(instruments.gauge('replichart.below.current'), tree.current, attributes);
  const lowest = lowestVersion(tree);
  if (lowest === null) return;
  result.observe(instruments.gauge('replichart.below.version.min'), lowest, attributes);
}
