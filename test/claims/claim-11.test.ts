import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first } from '../support/claims-journal.js';
import { HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 11');

test('claim 11: the packet is repeated by heartbeat', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave, tap } = cluster.member('a');
      // The packet is lost on its way, and nothing else changes: only a repetition can help.
      tap.block('drop', 'announce');
      const { version } = await setTheme(cluster, 'dark');
      await cluster.lost('a');
      assert.is(slave.data.get().theme, 'light');
      tap.release();
      await cluster.reached('a');
      assert.is(slave.data.get().theme, 'dark');
      assert.is(first(journal.received('a', 'announce'), 'repetition').message.reply, true);

      // It goes on for as long as the master lives, each time as a fresh word on the same version.
      journal.clear();
      await cluster.until('four heartbeats', () => journal.received('a', 'announce').length >= 4);
      const beats = journal.received('a', 'announce');
      assert.equal(
        beats.map(({ message }) => message.position.version),
        beats.map(() => version),
      );
      const sequences = beats.map(({ message }) => message.sequence);
      assert.equal(
        sequences,
        [...new Set(sequences)].sort((left, right) => left - right),
      );
      assert.equal(journal.calls('a', 'commit'), [], 'a repetition changes nothing');
    },
    { slaves: ['a'], ...HEARTBEAT },
  ));

test.run();
