/** W5: a thousand slaves of one master, some of them stalled, or all joining at once. */
import type { Cluster } from '../cluster.js';
import type { NodeProcess } from '../node-process.js';
import { type LatencySize, measureLatency } from './latency.js';

const MEBIBYTE = 1024 * 1024;
const KEYS = 1000;

/** Milliseconds from the first update of a load until the given slaves have the last one. */
async function spread(cluster: Cluster, slaves: readonly NodeProcess[], updates: number) {
  const firstSequence = cluster.sequences(updates);
  const sequence = firstSequence + updates - 1;
  await Promise.all(slaves.map((slave) => slave.ask('arm', { sequence })));
  const [load, ...ends] = await Promise.all([
    cluster.master.ask('load', { updates, keys: KEYS, firstSequence }),
    ...slaves.map((slave) => slave.ask('reached', null)),
  ]);
  return (Math.max(...ends.map(({ atUs }) => atUs)) - load.startUs) / 1000;
}

export async function measureSpread(cluster: Cluster, updates: number) {
  const value = await spread(cluster, cluster.slaves, updates);
  await cluster.verify(KEYS);
  return [{ variant: `updates-${updates}`, unit: 'ms', value }];
}

const rssOf = async (cluster: Cluster): Promise<number> =>
  (await cluster.master.ask('usage', null)).rssBytes;

/**
 * The last process of slaves is stopped by the system while the others go on; afterwards it has
 * to catch up. Latency and memory are those of the same cluster just before.
 */
export async function measureStalled(cluster: Cluster, size: LatencySize, updates: number) {
  const others = cluster.slaves.slice(0, -1);
  const stalled = cluster.slaves.at(-1);
  if (stalled === undefined || others.length === 0) throw new Error('two processes at least');
  const calm = await measureLatency(cluster, size, others);
  await spread(cluster, cluster.slaves, updates);
  const before = await rssOf(cluster);
  stalled.signal('SIGSTOP');
  let after: number;
  let rough: Awaited<ReturnType<typeof measureLatency>>;
  try {
    rough = await measureLatency(cluster, size, others);
    await spread(cluster, others, updates);
    after = await rssOf(cluster);
  } finally {
    stalled.signal('SIGCONT');
  }
  await spread(cluster, cluster.slaves, 1);
  await cluster.verify(KEYS);
  return [
    ...calm.map((reading) => ({ variant: 'latency', ...reading })),
    ...rough.map((reading) => ({ variant: 'latency-tenth-stalled', ...reading })),
    { variant: 'rss-growth-tenth-stalled', unit: 'MiB', value: (after - before) / MEBIBYTE },
  ];
}

export interface JoinSize {
  readonly processes: number;
  readonly copies: number;
  /** Of the state; every slave has to receive as much. */
  readonly stateBytes: number;
}

/** New processes of slaves, without anything, that connect at once; they end with the round. */
export async function measureJoins(cluster: Cluster, { processes, copies, stateBytes }: JoinSize) {
  const ids = Array.from({ length: processes }, (_, place) => `joiner-${place}`);
  const joining = await Promise.all(ids.map((id) => cluster.addSlaves(id, copies)));
  try {
    const times = await Promise.all(joining.map((slave) => slave.ask('connect', null)));
    const silences = await Promise.all(joining.map((slave) => slave.ask('silence', null)));
    const usages = await Promise.all(joining.map((slave) => slave.ask('usage', null)));
    const { rssBytes } = await cluster.master.ask('usage', null);
    const lacking = usages.filter(({ socketBytes }) => socketBytes < copies * stateBytes);
    if (lacking.length > 0) throw new Error(`${lacking.length} processes lack part of the state`);
    const startUs = Math.min(...times.map((time) => time.startUs));
    const samples = times.flatMap(({ endsUs }) => endsUs.map((endUs) => (endUs - startUs) / 1000));
    const silenceMs = Math.max(...silences.map(({ msMax }) => msMax));
    return [
      { variant: 'join-at-once', unit: 'ms', value: Math.max(...samples), samples },
      { variant: 'join-at-once-master-rss', unit: 'MiB', value: rssBytes / MEBIBYTE },
      { variant: 'join-at-once-silence', unit: 'ms', value: silenceMs },
    ];
  } finally {
    await Promise.all(joining.map((slave) => cluster.removeSlaves(slave)));
  }
}
