/** The harness itself and the plainest life: one-phase, two-phase, stop. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setter } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: a plain life');

test('claims 10-20: both methods reach two slaves, with and without disk', async () => {
  for (const hasDisk of [false, true]) {
    const cluster = new ServiceCluster();
    const disk = () => (hasDisk ? { disk: new ServiceDisk() } : {});
    const master = cluster.master(disk());
    const slaves = [cluster.slave('s1', disk()), cluster.slave('s2', disk())];
    await cluster.start(master, ...slaves);
    await cluster.converge(master, slaves);
    await cluster.finish(master.node.data.update(setter('a')));
    const task = master.node.data.update(setter('b', 2), {
      method: 'two-phase',
      ack: 'applied',
    });
    const { participants, unconfirmed } = await cluster.finish(task);
    assert.equal(participants, ['s1', 's2']);
    assert.equal(unconfirmed, []);
    await cluster.converge(master, slaves);
    for (const { node } of slaves) assert.equal(node.data.get(), { a: 1, b: 2 });
    await cluster.stop(master, ...slaves);
    assert.equal(cluster.clock.pending, [], 'nothing is left behind');
  }
});

test.run();
