/** P8: a copy that is slow to take a round is waited for by the next one: no reason for a no. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { document } from '../../lib/layers/document/document.js';
import type { Clock } from '../../lib/runtime/clock.js';
import { setter, slowly, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: slow commits (P8)');

const HEARTBEAT_MS = 100;

/** Takes this long over each commit, as a host that builds something from the data does. */
function slowToCommit(clock: Clock, takesMs: number) {
  const data = document<Tree>({});
  const wait = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, takesMs));
  return {
    ...data,
    createSlaveLayer: () => slowly(data.createSlaveLayer(), ['commit'], wait),
  };
}

test('rounds back to back succeed where a commit takes five heartbeats', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ heartbeat: HEARTBEAT_MS, voteTimeout: 5_000 });
  const slow = cluster.slave('slow', { data: slowToCommit(cluster.clock, 5 * HEARTBEAT_MS) });
  const quick = cluster.slave('quick');
  await cluster.start(master, slow, quick);
  await cluster.converge(master, [slow, quick]);
  for (const key of ['a', 'b', 'c', 'd']) {
    const { participants } = await cluster.finish(master.node.data.update(setter(key), TWO_PHASE));
    assert.equal(participants, ['quick', 'slow'], key);
  }
  await cluster.converge(master, [slow, quick]);
  assert.equal(Object.keys(slow.node.data.get()), ['a', 'b', 'c', 'd']);
  await cluster.stop(master, slow, quick);
});

test.run();
