import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first } from '../support/claims-journal.js';
import { setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 37');

test('claim 37: the master user layer determines the version', () =>
  withSettings(
    async (cluster) => {
      const { journal, masterLayer } = cluster;
      for (const change of [() => setTheme(cluster, 'dark'), () => setRoute(cluster, 'green')]) {
        await change();
        await cluster.confirmed();
        assert.is(cluster.master.position?.version, masterLayer.position()?.version);
      }

      // A service layer that starts anew on data that has lived: the user layer says where it is.
      const held = masterLayer.position();
      assert.ok(held !== null && held.version > 2);
      await cluster.master.stop();
      await cluster.member('a').slave.stop();
      journal.clear();
      await cluster.startMaster(masterLayer);
      const asked = first(journal.calls('master', 'position'), 'question to the user layer');
      assert.equal(asked.result, held);
      assert.is(cluster.master.position?.version, held.version);
      await cluster.startSlave('a');
      await cluster.settle();
      const told = journal.received('a', 'welcome').map(({ message }) => message.position.version);
      assert.ok(told.length > 0);
      assert.ok(told.every((version) => version === held.version));
      assert.equal(cluster.member('a').slave.data.get(), masterLayer.get());
    },
    { slaves: ['a'] },
  ));

test.run();
