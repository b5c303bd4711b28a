import { readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL, setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 30');

test('claim 30: the slave caches its data on a local disk', () =>
  withSettings(
    async (cluster) => {
      await setTheme(cluster, 'dark');
      await setRoute(cluster, 'green');
      await cluster.confirmed();
      const { position } = cluster.member('a').slave;
      await cluster.member('a').slave.stop();
      await cluster.master.stop();
      assert.ok((await readdir(cluster.folderOf('a'))).length > 0, 'there are files in its folder');

      // A new process life, no master anywhere: the copy is there as soon as it started.
      const { slave } = await cluster.startSlave('a');
      assert.equal(slave.data.get(), { theme: 'dark', route: 'green', text: '' });
      assert.equal(slave.position, position);
      assert.is.not(slave.status.link, 'live');
      assert.equal(cluster.journal.received('a', 'snapshot'), []);

      // One with an empty folder shows that it came from the disk.
      const other = await cluster.startSlave('z');
      assert.equal(other.slave.data.get(), INITIAL);
      assert.is(other.slave.position, null);
    },
    { slaves: ['a'], isOnDisk: true },
  ));

test.run();
