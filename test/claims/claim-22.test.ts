import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, only } from '../support/claims-journal.js';
import {
  HEARTBEAT,
  INITIAL,
  REFUSING,
  setRoute,
  withSettings,
} from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 22');

test('claim 22: the abort message is repeated by heartbeat', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave, tap } = cluster.member('a');
      // a may say yes, but is cut off from the outcome, also from heartbeats that imply it.
      tap.block('drop', 'abort', 'announce');
      cluster.masterTap.filter((message) =>
        message.kind === 'vote' && message.answer === 'no' ? 'hold' : 'pass',
      );
      const ended = outcome(() => setRoute(cluster, 'green'));
      await cluster.until('a said yes', () => journal.received('master', 'vote').length > 0);
      cluster.masterTap.release();
      assert.match(await ended, /^ABORTED: /);
      await cluster.until('the abort was repeated, and lost again', () => {
        return journal.dropped('a', 'abort').length >= 3;
      });
      assert.is(slave.status.round === 'none', false, 'it still holds the round');

      // Only the abort message comes through now.
      tap.block('drop', 'announce');
      await cluster.until('a forgot the round', () => slave.status.round === 'none');
      first(journal.received('a', 'abort'), 'abort that arrived');
      only(journal.calls('a', 'abort'), 'abort call');
      assert.equal(slave.data.get(), INITIAL);
      assert.equal(journal.received('a', 'outcome'), [], 'it did not have to inquire');

      // Confirmed by all, it is not repeated any more.
      tap.release();
      await cluster.until('it confirmed', () =>
        journal
          .received('master', 'ack')
          .some(({ message, peers }) => message.round !== null && peers.join() === 'a'),
      );
      const count = journal.sent('master', 'abort').length;
      const beats = journal.sent('master', 'announce').length;
      await cluster.until('two more heartbeats', () => {
        return journal.sent('master', 'announce').length >= beats + 2;
      });
      assert.is(journal.sent('master', 'abort').length, count);
    },
    { slaveData: { b: REFUSING }, ...HEARTBEAT },
  ));

test.run();
