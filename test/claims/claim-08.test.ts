import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, only } from '../support/claims-journal.js';
import { HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 8');
const CHANGES = ['dark', 'grey', 'green', 'sepia', 'plain', 'blue'];

test('claim 08: a delta between the present and any previous state', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      const { slave, tap } = cluster.member('a');
      const from = cluster.version;
      tap.block('drop', 'announce');
      for (const theme of CHANGES) await setTheme(cluster, theme);
      await cluster.lost('a');
      const to = cluster.version;
      assert.is(to, from + CHANGES.length);
      const seen: string[] = [];
      slave.data.subscribe(({ value }) => seen.push(value.theme));

      tap.release();
      await cluster.reached('a');
      const made = only(journal.calls('master', 'createDelta'), 'delta of the user layer');
      assert.equal(made.args, [from, to], 'one delta from the state that the slave holds');
      assert.is(first(journal.received('a', 'delta'), 'delta').message.from.version, from);
      assert.equal(seen, ['blue'], 'the states between them are no concern of the slave');
      assert.equal(slave.data.get(), master.data.get());
      assert.equal(journal.calls('master', 'createSnapshot'), []);
    },
    { slaves: ['a'], ...HEARTBEAT },
  ));

test.run();
