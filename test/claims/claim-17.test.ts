import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { changesOf, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 17');

test('claim 17: the service layer requests a delta from the user layer', () =>
  withSettings(async (cluster) => {
    const { journal, masterTap } = cluster;
    await setTheme(cluster, 'dark');
    await cluster.confirmed();
    assert.equal(journal.calls('master', 'createDelta'), [], 'a short one was sent along');

    // Two slaves ask for the same long one.
    const from = cluster.version;
    masterTap.block('hold', 'request');
    await changesOf(cluster)['one-phase'].make();
    await cluster.until('both slaves ask', () => journal.held('master', 'request').length === 2);
    assert.equal(journal.calls('master', 'createDelta'), [], 'not before a slave asks');
    masterTap.release();
    await cluster.confirmed();

    const made = only(journal.calls('master', 'createDelta'), 'one for both');
    assert.equal(made.args, [from, cluster.version]);
    assertOrder(
      ['asked by a slave', first(journal.received('master', 'request'), 'request')],
      ['asked of the user layer', made],
      ['sent', first(journal.sent('master', 'delta'), 'delta')],
    );
  }));

test.run();
