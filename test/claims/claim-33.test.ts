import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 33');

test('claim 33: the slave service layer asks the user layer for its version', () =>
  withSettings(
    async (cluster) => {
      const { journal, startup } = cluster;
      const { layer, slave } = cluster.member('a');
      const fresh = only(startup.sent('a', 'hello'), 'hello of an empty slave');
      assert.is(first(startup.calls('a', 'position'), 'question').result, null);
      assert.is(fresh.message.position, null);

      // A service layer that knows nothing itself (no store, started anew) has to ask.
      await setTheme(cluster, 'dark');
      await cluster.confirmed();
      await slave.stop();
      await setTheme(cluster, 'grey');
      const held = layer.position();
      assert.is(held?.version, cluster.version - 1);
      journal.clear();
      await cluster.startSlave('a', layer);
      await cluster.settle();

      const question = first(journal.calls('a', 'position'), 'question');
      const hello = only(journal.sent('a', 'hello'), 'hello');
      assertOrder(['asked', question], ['told to the master', hello]);
      assert.equal(question.result, held);
      assert.equal(hello.message.position, held);
      const delta = first(journal.received('a', 'delta'), 'delta from there');
      assert.is(delta.message.from.version, held?.version);
      assert.equal(journal.received('a', 'snapshot'), [], 'its answer counts');
    },
    { slaves: ['a'] },
  ));

test.run();
