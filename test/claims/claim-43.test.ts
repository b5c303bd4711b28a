import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 43');

test('claim 43: a unique version for the current state of the master data', () =>
  withSettings(
    async (cluster) => {
      const { journal, master, masterLayer } = cluster;
      const states = new Map([[cluster.version, master.data.get()]]);
      for (const theme of ['dark', 'light', 'dark']) {
        const { version } = await setTheme(cluster, theme);
        assert.is(masterLayer.position()?.version, version, 'the number of the current state');
        assert.is(states.has(version), false, 'also where the content was there before');
        states.set(version, master.data.get());
      }

      // Changes that become one state have one number, whoever made them.
      const tasks = ['grey', 'sepia', 'green'].map((theme) =>
        master.data.update((draft) => Object.assign(draft, { theme }), { method: 'one-phase' }),
      );
      const results = await Promise.all(tasks);
      const numbers = new Set(results.map(({ version }) => version));
      assert.is(numbers.size, 1);
      assert.is([...numbers][0], masterLayer.position()?.version);
      assert.is(states.has(cluster.version), false);

      // No new state, no new number.
      await cluster.confirmed();
      const { version } = cluster;
      journal.clear();
      assert.is((await setTheme(cluster, 'green')).version, version);
      assert.is(cluster.version, version);
      assert.equal(journal.sent('master', 'announce'), []);
    },
    { slaves: ['a'] },
  ));

test.run();
