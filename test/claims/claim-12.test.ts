import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only } from '../support/claims-journal.js';
import { setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 12');

test('claim 12: the packet carries a version number', () =>
  withSettings(async (cluster) => {
    const { journal } = cluster;
    for (const theme of ['dark', 'grey', 'sepia']) {
      journal.clear();
      const { version } = await setTheme(cluster, theme);
      await cluster.confirmed();
      const { message } = only(journal.received('a', 'announce'), 'packet');
      assert.is(message.position.version, version);
      assert.is(message.links.at(-1)?.to.version, version);
    }
    // A proposed state has its number before it is the current one, and the packet says both.
    const current = cluster.version;
    journal.clear();
    const { version } = await setRoute(cluster, 'green');
    const { message } = only(journal.received('a', 'prepare'), 'two-phase packet');
    assert.is(message.position.version, current);
    assert.is(message.to.version, version);
    assert.ok(version > current);
  }));

test.run();
