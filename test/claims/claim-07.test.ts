import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, only } from '../support/claims-journal.js';
import { HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 7');

test('claim 07: a delta between the present and the prior state', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      const { slave, tap } = cluster.member('a');
      const prior = cluster.version;
      tap.block('drop', 'announce');
      const { version } = await setTheme(cluster, 'dark');
      assert.is(version, prior + 1);
      await cluster.lost('a');
      assert.equal(journal.calls('master', 'createDelta'), [], 'nobody asked for it yet');

      tap.release();
      await cluster.reached('a');
      const made = only(journal.calls('master', 'createDelta'), 'delta of the user layer');
      assert.equal(made.args, [prior, version]);
      const delta = first(journal.received('a', 'delta'), 'delta at a');
      assert.equal([delta.message.from.version, delta.message.to.version], [prior, version]);
      assert.equal(slave.data.get(), master.data.get());
      assert.equal(journal.calls('master', 'createSnapshot'), []);
    },
    { slaves: ['a'], ...HEARTBEAT },
  ));

test.run();
