import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { INITIAL, REFUSING, setRoute, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 21');

test('claim 21: an abort message goes to the slave service layer', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      assert.match(await outcome(() => setRoute(cluster, 'green')), /^ABORTED: .*b: not here/);
      await cluster.until('a forgot it', () => journal.calls('a', 'abort').length === 1);
      const { round } = only(journal.sent('master', 'prepare'), 'prepare').message;
      const refusal = journal
        .received('master', 'vote')
        .find(({ message }) => message.answer === 'no');
      assert.ok(refusal !== undefined);
      const abort = first(journal.sent('master', 'abort'), 'abort message');
      assert.is(abort.message.round, round);
      assert.match(abort.message.reason, /not here/);
      const received = first(journal.received('a', 'abort'), 'abort at a');
      assertOrder(
        ['no', refusal],
        ['abort', abort],
        ['received', received],
        ['undone', only(journal.calls('a', 'abort'), 'abort call')],
      );
      assert.equal(journal.sent('master', 'commit'), []);
      for (const { slave } of cluster.members) assert.equal(slave.data.get(), INITIAL);
      assert.equal(master.data.get(), INITIAL);
    },
    { slaveData: { b: REFUSING } },
  ));

test.run();
