import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, only } from '../support/claims-journal.js';
import { carries, INITIAL, setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 26');

test('claim 26: the slave user layer commits the delta', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave } = cluster.member('a');
      const versions: number[] = [];
      slave.data.subscribe(({ position }) => versions.push(position.version));
      const one = await setTheme(cluster, 'dark');
      await cluster.reached('a');
      const packet = only(journal.received('a', 'announce'), 'packet');
      const commit = only(journal.calls('a', 'commit'), 'commit');
      assertOrder(['packet', packet], ['commit', commit]);
      const body = packet.message.links.at(-1)?.payload?.body;
      assert.ok(carries(body, commit.args[0]));
      assert.equal(slave.data.get(), { ...INITIAL, theme: 'dark' });

      journal.clear();
      const two = await setRoute(cluster, 'green');
      await cluster.reached('a');
      const prepare = only(journal.received('a', 'prepare'), 'two-phase packet');
      const second = only(journal.calls('a', 'commit'), 'second commit');
      assert.ok(carries(prepare.message.payload.body, second.args[0]));
      assert.equal(slave.data.get(), { ...INITIAL, theme: 'dark', route: 'green' });
      assert.equal(versions, [one.version, two.version], 'each packet took effect once');
    },
    { slaves: ['a'] },
  ));

test.run();
