import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuiltGroup } from '../../lib/layers/contract.js';
import { applyDelta, type DocumentDelta, documentCodec } from '../../lib/layers/document/delta.js';
import { assertOrder, only } from '../support/claims-journal.js';
import { longText, setTheme, WIRE_BUDGET, withSettings } from '../support/claims-settings.js';

const test = suite('claim 3');

test('claim 03: the master user layer sends a delta between two states', () =>
  withSettings(async (cluster) => {
    const { journal, master } = cluster;
    await master.data.update((draft) => {
      draft.text = longText('t');
    });
    await cluster.confirmed();
    const previous = master.data.get();
    journal.clear();
    await setTheme(cluster, 'dark');

    const built = only(journal.calls('master', 'build'), 'delta of the user layer');
    const { delta } = built.result as BuiltGroup<DocumentDelta>;
    assert.ok(delta !== undefined);
    assert.equal(applyDelta(previous, delta, WIRE_BUDGET), master.data.get());
    assert.is.not(previous.theme, master.data.get().theme);
    // It says what changed, and nothing of what did not.
    const bytes = documentCodec.encode(delta);
    assert.ok(bytes.length < 100, `${bytes.length} bytes for one word in a long document`);

    const packet = only(journal.sent('master', 'announce'), 'packet');
    assertOrder(['user layer', built], ['service layer', packet]);
    const carried = packet.message.links.at(-1)?.payload?.body;
    assert.equal(carried, bytes, 'the service layer sends what the user layer gave it');
  }));

test.run();
