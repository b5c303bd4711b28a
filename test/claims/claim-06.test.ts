import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL, setRoute, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 6');
const DEFAULT_MS = 60_000;

test('claim 06: the host sets the time-out of a replication', () =>
  withSettings(
    async (cluster) => {
      const { journal, master, masterTap } = cluster;
      masterTap.filter((message) =>
        message.kind === 'vote' && message.envelope.sender === 'b' ? 'hold' : 'pass',
      );
      const began = performance.now();
      const timeout = 120;
      const late = await outcome(() => setRoute(cluster, 'green', { timeout }));
      const tookMs = performance.now() - began;
      assert.match(late, /^ABORTED: .*no vote in time from b/);
      assert.ok(tookMs >= timeout - 2, `gave up after ${tookMs} ms, before its ${timeout} ms`);
      assert.ok(tookMs < DEFAULT_MS / 4, `took ${tookMs} ms: the default was used`);
      assert.equal(master.data.get(), INITIAL);
      masterTap.release();
      await cluster.until('both forgot the round', () =>
        cluster.members.every(({ slave }) => slave.status.round === 'none'),
      );

      // A longer one waits for the same late vote.
      journal.clear();
      masterTap.block('hold', 'vote');
      const task = setRoute(cluster, 'red', { timeout: DEFAULT_MS });
      await cluster.until('both votes wait', () => journal.held('master', 'vote').length === 2);
      assert.is(task.status.state, 'preparing');
      masterTap.release();
      await task;
      await cluster.confirmed();
      assert.is(cluster.member('b').slave.data.get().route, 'red');
    },
    { master: { voteTimeout: DEFAULT_MS } },
  ));

test.run();
