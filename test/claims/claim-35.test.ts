import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { INITIAL, setRoute, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 35');

test('claim 35: the slave service layer tells the user layer to abort', () =>
  withSettings(
    async (cluster) => {
      const { journal, masterTap } = cluster;
      const { slave, tap } = cluster.member('a');
      tap.block('hold', 'abort', 'announce');
      masterTap.block('hold', 'vote');
      const task = setRoute(cluster, 'green');
      const ended = outcome(() => task);
      await cluster.until('a said yes', () => journal.held('master', 'vote').length === 1);
      assert.is(task.rollback('changed my mind'), true);
      assert.match(await ended, /^ABORTED: /);
      await cluster.until('the abort waits', () => journal.held('a', 'abort').length === 1);
      assert.equal(journal.calls('a', 'abort'), [], 'not told yet');
      assert.is(slave.status.round, 'prepared');

      tap.release();
      await cluster.until('a was told', () => slave.status.round === 'none');
      const told = only(journal.calls('a', 'abort'), 'abort call');
      const message = first(journal.received('a', 'abort'), 'abort');
      const prepared = only(journal.calls('a', 'prepare'), 'prepare call');
      assertOrder(['prepared', prepared], ['message', message], ['user layer', told]);
      assert.equal(told.args, [message.message.round]);
      assert.is(prepared.args[0], message.message.round);
      assert.equal(journal.calls('a', 'commit'), []);
      assert.equal(slave.data.get(), INITIAL);
    },
    { slaves: ['a'] },
  ));

test.run();
