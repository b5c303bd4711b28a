import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, only } from '../support/claims-journal.js';
import { setRoute, withSettings } from '../support/claims-settings.js';

const test = suite('claim 34');

test('claim 34: the slave service layer tells the user layer to commit', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave, tap } = cluster.member('a');
      tap.block('hold', 'commit', 'announce');
      const { version } = await setRoute(cluster, 'green');
      await cluster.until('the commit waits', () => journal.held('a', 'commit').length === 1);
      assert.is(journal.calls('a', 'prepare').length, 1);
      assert.equal(journal.calls('a', 'commit'), [], 'prepared, and not told to commit');
      assert.is(slave.data.get().route, 'blue');

      tap.release();
      await cluster.confirmed();
      const told = only(journal.calls('a', 'commit'), 'commit call');
      const prepared = only(journal.calls('a', 'prepare'), 'prepare call');
      assertOrder(
        ['prepared', prepared],
        ['message of the master', only(journal.received('a', 'commit'), 'commit')],
        ['message to the user layer', told],
      );
      assert.is(told.args[0], prepared.args[1], 'the delta that it prepared');
      assert.equal(told.args[1], prepared.args[2]);
      assert.is((told.args[1] as { version: number }).version, version);
      assert.is(slave.data.get().route, 'green');
      assert.equal(journal.calls('a', 'abort'), []);
    },
    { slaves: ['a'] },
  ));

test.run();
