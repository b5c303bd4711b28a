import { readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL, setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 24');

test('claim 24: a user or device talks to the slave user layer', () =>
  withSettings(
    async (cluster) => {
      const { slave } = cluster.member('a');
      // A user reads; a device, here a file on disk, is written on every commit.
      const device = cluster.folderOf('device.json');
      const told: unknown[] = [];
      const unsubscribe = slave.data.subscribe(({ position, previous, value }) => {
        told.push([position.version, previous, value]);
        writeFileSync(device, JSON.stringify(value));
      });
      const initial = slave.data.get();
      assert.equal(initial, INITIAL);
      const { version } = await setTheme(cluster, 'dark');
      await cluster.reached('a');
      assert.equal(told, [[version, INITIAL, { ...INITIAL, theme: 'dark' }]]);
      assert.equal(JSON.parse(readFileSync(device, 'utf8')), slave.data.get());
      assert.equal(initial, INITIAL, 'what a user holds does not change under the hand');
      assert.throws(() => Object.assign(slave.data.get(), { theme: 'mine' }), /read.only/);

      unsubscribe();
      await setRoute(cluster, 'green');
      await cluster.confirmed();
      assert.is(slave.data.get().route, 'green');
      assert.is(told.length, 1, 'who left hears no more');
    },
    { slaves: ['a'] },
  ));

test.run();
