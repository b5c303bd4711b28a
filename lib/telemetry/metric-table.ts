/** Every metric that telemetry registers; docs/observability.md lists the same, held by a test. */

export type MetricKind = 'counter' | 'histogram' | 'gauge';

export interface MetricSpec {
  readonly kind: MetricKind;
  /** UCUM. */
  readonly unit: string;
  readonly description: string;
  /** Beside `replichart.item` and `replichart.node`, which all of them have. */
  readonly attributes: readonly string[];
}

export const METRICS = {
  'replichart.version': {
    kind: 'gauge',
    unit: '{version}',
    description: 'Version at which this node stands.',
    attributes: ['replichart.role'],
  },
  'replichart.lag': {
    kind: 'gauge',
    unit: '{version}',
    description: 'Versions one slave is behind, as its master sees it; of at most `slavesMax`.',
    attributes: ['replichart.slave'],
  },
  'replichart.lag.max': {
    kind: 'gauge',
    unit: '{version}',
    description: 'Versions the slave furthest behind is behind.',
    attributes: [],
  },
  'replichart.slaves': {
    kind: 'gauge',
    unit: '{slave}',
    description: 'Slaves a master knows, by link.',
    attributes: ['replichart.link'],
  },
  'replichart.below': {
    kind: 'gauge',
    unit: '{node}',
    description: 'Nodes below a master or a relay, on all levels.',
    attributes: [],
  },
  'replichart.below.live': {
    kind: 'gauge',
    unit: '{node}',
    description: 'Those of them that are live.',
    attributes: [],
  },
  'replichart.below.current': {
    kind: 'gauge',
    unit: '{node}',
    description: 'Those of them at the newest version.',
    attributes: [],
  },
  'replichart.below.version.min': {
    kind: 'gauge',
    unit: '{version}',
    description: 'Version of the one furthest behind.',
    attributes: [],
  },
  'replichart.queue.length': {
    kind: 'gauge',
    unit: '{change}',
    description: 'Changes that wait on the master.',
    attributes: [],
  },
  'replichart.heartbeat.age': {
    kind: 'gauge',
    unit: 's',
    description: 'Time since this slave heard its master.',
    attributes: [],
  },
  'replichart.in_doubt.age': {
    kind: 'gauge',
    unit: 's',
    description: 'Time this slave has been in doubt about a round; 0 when it is not.',
    attributes: [],
  },
  'replichart.changes': {
    kind: 'counter',
    unit: '{change}',
    description: 'Changes that ended, by outcome.',
    attributes: ['replichart.method', 'replichart.outcome', 'error.type'],
  },
  'replichart.updates': {
    kind: 'counter',
    unit: '{update}',
    description: "Callers' updates in those changes.",
    attributes: ['replichart.method', 'replichart.outcome', 'error.type'],
  },
  'replichart.change.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time a change spent in one stage on the master.',
    attributes: ['replichart.method', 'replichart.stage'],
  },
  'replichart.change.size': {
    kind: 'histogram',
    unit: 'By',
    description: 'Size of the delta of a committed change.',
    attributes: ['replichart.method'],
  },
  'replichart.slave.duration': {
    kind: 'histogram',
    unit: 's',
    description:
      'Time a slave took to answer a prepare, or to apply a version once it heard of it.',
    attributes: ['replichart.stage'],
  },
  'replichart.votes': {
    kind: 'counter',
    unit: '{vote}',
    description: 'Votes that reached the master; a no is a veto.',
    attributes: ['replichart.vote', 'error.type'],
  },
  'replichart.transfers': {
    kind: 'counter',
    unit: '{transfer}',
    description: 'Deltas and snapshots of which this slave received the last part.',
    attributes: ['replichart.transfer.kind', 'replichart.transfer.reason'],
  },
  'replichart.messages': {
    kind: 'counter',
    unit: '{message}',
    description: 'Messages by kind and fate; one sent to several peers counts for each.',
    attributes: ['replichart.message.kind', 'replichart.message.fate'],
  },
  'replichart.network.io': {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of the frames of those messages; what was ignored has arrived, too.',
    attributes: ['replichart.message.kind', 'network.io.direction'],
  },
  'replichart.troubles': {
    kind: 'counter',
    unit: '{trouble}',
    description: 'Troubles told to the host, by code.',
    attributes: ['error.type'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;
