import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only } from '../support/claims-journal.js';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 13');

test('claim 13: the packet carries what brings a copy up to date', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      const { slave, tap } = cluster.member('a');
      // Nothing the slave could say reaches the master: the packet has to be enough.
      tap.filter((_, way) => (way === 'out' ? 'drop' : 'pass'));
      await setTheme(cluster, 'dark');
      await cluster.reached('a');
      assert.equal(slave.data.get(), master.data.get());
      assert.is(slave.data.contentHash(), master.data.contentHash());
      assert.is(slave.position?.digest, master.position?.digest);
      assert.equal(journal.dropped('a', 'request'), [], 'it did not even try to ask');
      only(journal.received('a', 'announce'), 'packet');
      assert.equal(journal.received('a', 'delta'), []);
      assert.equal(journal.received('a', 'snapshot'), []);
    },
    { slaves: ['a'] },
  ));

test.run();
