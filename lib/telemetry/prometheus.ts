/**
 * The text that Prometheus scrapes, of all nodes that an inspector knows: format 0.0.4, written
 * by hand (decision 0017). Series are bounded by the slaves of a master that are named.
 */
import type { KnownNode } from '../inspector/feed.js';
import type { NodeRow } from '../inspector/rows/node-row.js';
import { nodeRows } from '../inspector/rows/node-rows.js';
import type { BelowStatus } from '../service/status.js';
import { lowestVersion, treeBelow } from './tree-below.js';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const SLAVES_MAX = 100;
const MS_PER_S = 1000;
const SEVERITY = { good: 0, warning: 1, bad: 2 } as const;

export interface PrometheusOptions {
  /** Slaves of one item with series of their own, who needs a person first. @default 100 */
  readonly slavesMax?: number;
  /** Milliseconds without a report from which on a node counts as silent. @default 5000 */
  readonly silentMsMin?: number;
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: ReadonlyArray<readonly [labels: Labels, value: number]>;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

function sampleLine(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeValue(text)}"`);
  return `${name}{${pairs.join(',')}} ${value}`;
}

/** A family without samples is left out; of samples with the same labels the first one counts. */
function familyText({ name, type, help, samples }: Family): string {
  const lines = new Map<string, string>();
  for (const [labels, value] of samples) {
    const key = JSON.stringify(labels);
    if (!lines.has(key)) lines.set(key, sampleLine(name, labels, value));
  }
  if (lines.size === 0) return '';
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  return `${[...head, ...lines.values()].join('\n')}\n`;
}

const labelsOf = ({ item, id, role }: Pick<NodeRow, 'item' | 'id' | 'role'>): Labels => ({
  item,
  node: id,
  role,
});

/** The table's own order keeps those that matter: rows are sorted by who needs a person. */
function bounded(rows: readonly NodeRow[], slavesMax: number): NodeRow[] {
  const named = new Map<string, number>();
  return rows.filter(({ role, item }) => {
    if (role !== 'slave') return role === 'master';
    const count = (named.get(item) ?? 0) + 1;
    named.set(item, count);
    return count <= slavesMax;
  });
}

function rowFamilies(rows: readonly NodeRow[]): Family[] {
  const some = (measure: (row: NodeRow) => number | null): Family['samples'] =>
    rows.flatMap((row) => {
      const value = measure(row);
      return value === null ? [] : [[labelsOf(row), value] as const];
    });
  return [
    {
      name: 'replichart_version',
      type: 'gauge',
      help: 'Version at which the node stands.',
      samples: some(({ version }) => version),
    },
    {
      name: 'replichart_lag_versions',
      type: 'gauge',
      help: 'Versions the slave is behind its master.',
      samples: some(({ lag }) => lag),
    },
    {
      name: 'replichart_node_severity',
      type: 'gauge',
      help: '0 good, 1 warning, 2 bad: the table of nodes says why.',
      samples: some(({ severity }) => SEVERITY[severity]),
    },
    {
      name: 'replichart_heard_age_seconds',
      type: 'gauge',
      help: 'Time since the slave and its master heard each other.',
      samples: some(({ heardMs }) => (heardMs === null ? null : heardMs / MS_PER_S)),
    },
  ];
}

function reportFamilies(nodes: readonly KnownNode[], rows: readonly NodeRow[]): Family[] {
  const running = new Set(rows.map(({ node }) => node));
  const queued: Array<readonly [Labels, number]> = [];
  const doubts: Array<readonly [Labels, number]> = [];
  const changes: Array<readonly [Labels, number]> = [];
  for (const { entry, report, changes: counts } of nodes) {
    if (!running.has(entry.node) || report === null) continue;
    const { item, id, role } = entry;
    const labels = labelsOf({ item, id, role });
    if (report.report.role === 'master') {
      queued.push([labels, report.report.status.queued]);
      for (const [stage, count] of Object.entries(counts)) {
        changes.push([{ ...labels, stage }, count]);
      }
    } else doubts.push([labels, report.report.status.inDoubtFor / MS_PER_S]);
  }
  return [
    {
      name: 'replichart_queue_length',
      type: 'gauge',
      help: 'Changes that wait on the master.',
      samples: queued,
    },
    {
      name: 'replichart_in_doubt_age_seconds',
      type: 'gauge',
      help: 'Time the slave has been in doubt about a round; 0 when it is not.',
      samples: doubts,
    },
    {
      name: 'replichart_changes_total',
      type: 'counter',
      help: 'Changes of the master by the stage they reached.',
      samples: changes,
    },
  ];
}

/** Of masters and relays, for all levels: few series, whatever the size of the tree. */
function belowFamilies(nodes: readonly KnownNode[], rows: readonly NodeRow[]): Family[] {
  const running = new Set(rows.map(({ node }) => node));
  const trees = nodes.flatMap(({ entry, report }) => {
    const tree = running.has(entry.node) && report !== null ? treeBelow(report.report) : null;
    const { item, id, role } = entry;
    return tree === null ? [] : [{ labels: labelsOf({ item, id, role }), tree }];
  });
  const of = (measure: (tree: BelowStatus) => number | null): Family['samples'] =>
    trees.flatMap(({ labels, tree }) => {
      const value = measure(tree);
      return value === null ? [] : [[labels, value] as const];
    });
  return [
    {
      name: 'replichart_below',
      type: 'gauge',
      help: 'Nodes below the master or relay, on all levels.',
      samples: of(({ slaves }) => slaves),
    },
    {
      name: 'replichart_below_live',
      type: 'gauge',
      help: 'Those of them that are live.',
      samples: of(({ live }) => live),
    },
    {
      name: 'replichart_below_current',
      type: 'gauge',
      help: 'Those of them at the newest version.',
      samples: of(({ current }) => current),
    },
    {
      name: 'replichart_below_version_min',
      type: 'gauge',
      help: 'Version of the one furthest behind.',
      samples: of(lowestVersion),
    },
  ];
}

function slavesFamily(rows: readonly NodeRow[]): Family {
  const counts = new Map<string, { labels: Labels; count: number }>();
  for (const { role, item, stage, severity } of rows) {
    if (role !== 'slave') continue;
    const labels = { item, stage, severity };
    const name = JSON.stringify(labels);
    counts.set(name, { labels, count: (counts.get(name)?.count ?? 0) + 1 });
  }
  return {
    name: 'replichart_slaves',
    type: 'gauge',
    help: 'Slaves by what they do, and how bad that is.',
    samples: [...counts.values()].map(({ labels, count }) => [labels, count] as const),
  };
}

/**
 * The whole text. `nodes`: of `EntryFeed.nodes()`; `nowMs`: milliseconds since 1970. Reasons are
 * not in it: a label whose value changes by the second would be a new series each time.
 */
export function prometheusText(
  nodes: ReadonlyMap<string, KnownNode>,
  nowMs: number,
  options: PrometheusOptions = {},
): string {
  const { slavesMax = SLAVES_MAX, silentMsMin } = options;
  const rows = nodeRows(nodes.values(), nowMs, silentMsMin === undefined ? {} : { silentMsMin });
  const named = bounded(rows, slavesMax);
  const families = [
    ...rowFamilies(named),
    slavesFamily(rows),
    ...belowFamilies([...nodes.values()], named),
    ...reportFamilies([...nodes.values()], named),
  ];
  return families.map(familyText).join('');
}
