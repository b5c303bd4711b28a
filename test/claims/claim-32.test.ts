import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 32');

test('claim 32: the slave service layer requests a delta', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { tap } = cluster.member('a');
      const position = cluster.member('a').slave.position;
      tap.block('drop', 'announce');
      await setTheme(cluster, 'dark');
      await setTheme(cluster, 'grey');
      await cluster.lost('a');
      await cluster.reached('b');
      assert.equal(journal.sent('a', 'request'), [], 'it does not know yet that it lacks anything');
      tap.release();
      await cluster.confirmed();

      const request = only(journal.sent('a', 'request'), 'request of a');
      assert.equal(request.message.position, position, 'it says from where');
      assertOrder(
        ['announced', first(journal.received('a', 'announce'), 'announce')],
        ['requested', request],
        ['heard', first(journal.received('master', 'request'), 'request at the master')],
        ['answered', first(journal.received('a', 'delta'), 'delta')],
      );
      assert.equal(journal.sent('b', 'request'), [], 'b lacked nothing');
    },
    { ...HEARTBEAT },
  ));

test.run();
