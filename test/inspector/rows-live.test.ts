/** The table from what a real cluster reports: behind, vetoing, in doubt, killed, back again. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeRow } from '../../lib/inspector/rows/node-row.js';
import { nodeRows } from '../../lib/inspector/rows/node-rows.js';
import type { NodeSight } from '../../lib/inspector/rows/sights.js';
import type { InspectedNode } from '../../lib/service/inspection.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('inspector: the table of a running cluster');

const PROCESS = { pid: 1, host: 'host' };

/** Asks every node that runs for its report, as a feed does; a dead one is not asked any more. */
class Reports {
  readonly #cluster: ServiceCluster;
  readonly #nodes = new Map<InspectedNode, NodeSight>();
  readonly #dead = new Set<InspectedNode>();

  constructor(cluster: ServiceCluster) {
    this.#cluster = cluster;
  }

  readonly inspect = (event: unknown): void => {
    const { type, node } = event as { readonly type: string; readonly node: InspectedNode };
    if (type === '@replichart.started') this.#nodes.set(node, this.#sight(node));
    const known = this.#nodes.get(node);
    if (type === '@replichart.stopped' && known) this.#nodes.set(node, { ...known, ended: true });
  };

  /** The run of this id that was seen last. */
  died(id: string): void {
    const run = [...this.#nodes.keys()].findLast((node) => node.id === id);
    assert.ok(run);
    this.#dead.add(run);
  }

  incarnationOf(id: string): string {
    return [...this.#nodes.keys()].findLast((node) => node.id === id)?.incarnation ?? '';
  }

  rows(): NodeRow[] {
    for (const [node, known] of this.#nodes) {
      const isAsked = known.ended !== true && !this.#dead.has(node);
      if (isAsked) this.#nodes.set(node, this.#sight(node));
    }
    return nodeRows(this.#nodes.values(), this.#cluster.clock.now());
  }

  row(id: string): NodeRow {
    const found = this.rows().filter((row) => row.id === id);
    assert.is(found.length, 1, `${found.length} rows of ${id}`);
    return found[0] as NodeRow;
  }

  #sight(node: InspectedNode): NodeSight {
    const at = this.#cluster.clock.now();
    const { role, item, id, incarnation } = node;
    const name = `${id} ${incarnation}`;
    return {
      entry: { kind: 'node', at, node: name, role, item, id, incarnation, process: PROCESS },
      report: { kind: 'report', at, node: name, report: node.report() },
    };
  }
}

test('current, behind by a partition, killed, and current again', async () => {
  const cluster = new ServiceCluster();
  const reports = new Reports(cluster);
  const { inspect } = reports;
  const master = cluster.master({ inspect });
  const disk = new ServiceDisk();
  const slaves = [cluster.slave('s1', { inspect, disk }), cluster.slave('s2')];
  const [first] = slaves;
  await cluster.start(master, ...slaves);
  await cluster.finish(master.node.data.update(setter('a'), { ack: 'applied' }));
  await cluster.clock.pass(100);
  const version = master.node.position?.version;
  const shown = reports.rows().map((row) => [row.id, row.version, row.stage, row.reason]);
  assert.equal(shown, [
    ['master', version, 'serving', ''],
    ['s1', version, 'current', ''],
    ['s2', version, 'current', ''],
  ]);
  cluster.network.partition('master', 's1');
  await cluster.finish(master.node.data.update(setter('b')));
  await cluster.clock.pass(6000);
  const stale = reports.row('s1');
  assert.equal([stale.stage, stale.lag, stale.severity], ['stale', 1, 'bad']);
  assert.match(stale.reason, /^1 version behind: no word from its master for [67]\.\d s$/);
  first?.kill();
  reports.died('s1');
  await cluster.clock.pass(10_000);
  const killed = reports.row('s1');
  assert.is(killed.stage, 'stale');
  const how = 'killed or unreachable: nothing heard for 1\\d s';
  const last = `last heard from at version ${version}`;
  assert.match(killed.reason, new RegExp(`^1 version behind: ${how}, ${last}$`));
  assert.is(reports.rows()[0]?.id, 's1');
  cluster.network.heal();
  const again = cluster.slave('s1', { inspect, disk });
  await cluster.start(again);
  await cluster.converge(master, [again]);
  await cluster.clock.pass(100);
  const back = reports.row('s1');
  assert.equal([back.stage, back.reason], ['current', '']);
  assert.ok(back.node.endsWith(reports.incarnationOf('s1')));
});

test('a veto names its reason while the slave stays current', async () => {
  const cluster = new ServiceCluster();
  const reports = new Reports(cluster);
  const master = cluster.master({ inspect: reports.inspect });
  const slave = cluster.slave('s1', { inspect: reports.inspect, data: refusing('bad') });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  await cluster.clock.pass(100);
  const { stage, severity, reason, lag } = reports.row('s1');
  assert.equal([stage, severity, lag], ['current', 'warning', 0]);
  assert.is(reason, 'refused the last change it was asked for: VETOED: bad is not wanted here');
});

test('in doubt: the row tells the round, and for how long its master has not been there', async () => {
  const cluster = new ServiceCluster();
  const reports = new Reports(cluster);
  const { inspect } = reports;
  const disk = new ServiceDisk();
  const master = cluster.master({ disk, inspect });
  const slave = cluster.slave('s1', { disk: new ServiceDisk(), inspect });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  const isDecision = (keys: readonly string[]) => keys.some((key) => key.includes('decision'));
  disk.after = ({ keys }) => void (isDecision(keys) && master.kill());
  void master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.until('prepared', () => slave.node.status.round === 'prepared');
  reports.rows();
  reports.died('master');
  await cluster.clock.pass(12_000);
  const row = reports.row('s1');
  const round = slave.node.status.roundId ?? '';
  assert.equal([row.stage, row.severity, row.round], ['in-doubt', 'bad', `${round} in-doubt`]);
  const waits = `prepared round ${round} waits for its outcome`;
  assert.match(row.reason, new RegExp(`${waits}, master not reachable for 1\\d s \\(in doubt\\)$`));
  assert.is(reports.row('master').stage, 'silent');
});

test.run();
