import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { Position } from '../../machines/protocol.js';
import { withFlags } from '../support/claims-flags.js';
import { only } from '../support/claims-journal.js';

const test = suite('claim 44');

test('claim 44: the data needed travels with the version number', () =>
  withFlags(
    async (cluster) => {
      const { journal, master } = cluster;
      const { slave } = cluster.member('a');
      const { version } = await master.data.set('theme', 'dark');
      await cluster.reached('a');
      // One frame holds both, and it is all that came.
      const packet = only(journal.received('a', 'announce'), 'packet');
      assert.is(packet.message.position.version, version);
      assert.is(packet.message.links.at(-1)?.to.version, version);
      assert.equal(decodeFrame(packet.bytes), packet.message);
      assert.ok(Buffer.from(packet.bytes).toString('latin1').includes('"dark"'));
      const commit = only(journal.calls('a', 'commit'), 'commit');
      assert.is((commit.args[1] as Position).version, version);
      assert.is(slave.data.get('theme'), 'dark');
      assert.equal(journal.wordsOf('a').slice(0, 2), ['received announce', 'call commit']);

      // The same holds of a two-phase change: its prepare is enough to prepare it.
      await cluster.confirmed();
      journal.clear();
      const route = await master.data.set('route.home', '/start');
      await cluster.reached('a');
      const prepare = only(journal.received('a', 'prepare'), 'two-phase packet');
      assert.is(prepare.message.to.version, route.version);
      assert.ok(Buffer.from(prepare.bytes).toString('latin1').includes('/start'));
      assert.is(slave.data.get('route.home'), '/start');
      assert.equal(journal.sent('a', 'request'), []);
    },
    { slaves: ['a'] },
  ));

test.run();
