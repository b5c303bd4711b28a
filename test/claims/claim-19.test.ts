import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, only } from '../support/claims-journal.js';
import { HEARTBEAT, setRoute, withSettings } from '../support/claims-settings.js';

const test = suite('claim 19');

test('claim 19: the commit message is repeated by heartbeat', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave, tap } = cluster.member('b');
      // b is cut off from the outcome, also from heartbeats that would imply it.
      tap.block('drop', 'commit', 'announce');
      const { version } = await setRoute(cluster, 'green');
      await cluster.reached('a');
      await cluster.until('the commit was repeated, and lost again', () => {
        const last = journal.sent('master', 'commit').at(-1);
        // a has confirmed by then: nothing is repeated for it any more.
        return journal.dropped('b', 'commit').length >= 3 && last?.peers.join() === 'b';
      });
      assert.is(slave.status.roundId, first(journal.sent('master', 'commit'), '').message.round);
      assert.is(slave.data.get().route, 'blue');

      // Only the commit message comes through now.
      tap.block('drop', 'announce');
      await cluster.reached('b', version);
      assert.is(slave.data.get().route, 'green');
      only(journal.calls('b', 'commit'), 'commit call');
      assert.equal(journal.received('b', 'outcome'), [], 'it did not have to inquire');

      // Confirmed by all, it is not repeated any more.
      tap.release();
      await cluster.confirmed();
      const count = journal.sent('master', 'commit').length;
      const beats = journal.sent('master', 'announce').length;
      await cluster.until('two more heartbeats', () => {
        return journal.sent('master', 'announce').length >= beats + 2;
      });
      assert.is(journal.sent('master', 'commit').length, count);
    },
    { ...HEARTBEAT },
  ));

test.run();
