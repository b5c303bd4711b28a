import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, only } from '../support/claims-journal.js';
import { HEARTBEAT, setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 39');

test('claim 39: the information includes the version of the master data', () =>
  withSettings(
    async (cluster) => {
      const { journal, startup } = cluster;
      const begun = only(startup.received('a', 'welcome'), 'information at the start');
      assert.is(begun.message.position.version, cluster.version);

      for (const change of [() => setTheme(cluster, 'dark'), () => setRoute(cluster, 'green')]) {
        const { version } = await change();
        await cluster.confirmed();
        journal.clear();
        await cluster.until('a heartbeat', () => journal.received('a', 'announce').length > 0);
        const { message } = first(journal.received('a', 'announce'), 'information');
        assert.is(message.position.version, version);
        assert.is(message.position.digest, cluster.masterLayer.position()?.digest);
      }

      // One that comes later is told the version of that moment.
      await cluster.startSlave('late');
      await cluster.settle();
      const { message } = only(journal.received('late', 'welcome'), 'information');
      assert.is(message.position.version, cluster.version);
      assert.ok(cluster.version > begun.message.position.version);
    },
    { slaves: ['a'], ...HEARTBEAT },
  ));

test.run();
