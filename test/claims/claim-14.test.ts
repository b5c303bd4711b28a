import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyDelta, documentCodec } from '../../lib/layers/document/delta.js';
import { first, only } from '../support/claims-journal.js';
import { changesOf, setTheme, WIRE_BUDGET, withSettings } from '../support/claims-settings.js';

const test = suite('claim 14');

/** The document that the delta in these bytes makes of `previous`. */
function applied(previous: unknown, body: unknown): unknown {
  assert.instance(body, Uint8Array);
  return applyDelta(previous, documentCodec.decode(body as Uint8Array), WIRE_BUDGET);
}

test('claim 14: the packet carries a delta', () =>
  withSettings(
    async (cluster) => {
      const { journal, master } = cluster;
      // In the announcement itself.
      const initial = master.data.get();
      await setTheme(cluster, 'dark');
      await cluster.confirmed();
      const { message } = only(journal.received('a', 'announce'), 'packet');
      assert.equal(applied(initial, message.links.at(-1)?.payload?.body), master.data.get());

      // In a packet of its own where it is long.
      const dark = master.data.get();
      await changesOf(cluster)['one-phase'].make();
      await cluster.confirmed();
      const parts = journal.received('a', 'delta').map((frame) => frame.message.payload.body);
      assert.ok(parts.length > 1, 'a long delta comes in parts');
      const whole = Buffer.concat(parts as Uint8Array[]);
      assert.equal(applied(dark, new Uint8Array(whole)), master.data.get());

      // In the prepare of a two-phase change.
      const before = master.data.get();
      await changesOf(cluster)['two-phase'].make();
      const prepare = first(journal.received('a', 'prepare'), 'two-phase packet');
      assert.equal(applied(before, prepare.message.payload.body), master.data.get());
      assert.equal(journal.sent('master', 'snapshot'), [], 'never the whole state');
    },
    { slaves: ['a'] },
  ));

test.run();
