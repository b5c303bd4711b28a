import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first } from '../support/claims-journal.js';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 42');

test('claim 42: each slave may cache its data on a local disk', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      await setTheme(cluster, 'dark');
      await cluster.confirmed();
      const cached = cluster.member('a').slave.position;
      await cluster.member('b').slave.stop();
      await setTheme(cluster, 'grey');
      await cluster.reached('a');
      await cluster.member('a').slave.stop();
      await cluster.master.stop();

      // Without a master each serves what its own disk holds.
      await cluster.startSlave('a');
      await cluster.startSlave('b');
      assert.is(cluster.member('a').slave.data.get().theme, 'grey');
      assert.is(cluster.member('b').slave.data.get().theme, 'dark');
      assert.equal(cluster.member('b').slave.position, cached);

      // The master comes back: the cache is what the copy goes on from.
      journal.clear();
      await cluster.startMaster();
      await cluster.settle();
      assert.is(cluster.member('b').slave.data.get().theme, 'grey');
      const delta = first(journal.received('b', 'delta'), 'delta for b');
      assert.is(delta.message.from.version, cached?.version);
      for (const id of ['a', 'b']) assert.equal(journal.received(id, 'snapshot'), []);
      assert.equal(journal.received('a', 'delta'), []);
    },
    { isOnDisk: true },
  ));

test.run();
