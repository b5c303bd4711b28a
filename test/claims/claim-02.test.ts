import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL, setTheme, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 2');

test('claim 02: a user or device talks to the master user layer', () =>
  withSettings(
    async (cluster) => {
      const { data } = cluster.master;
      // A device that listens, and a user who reads, changes, and is told when that is impossible.
      const told: unknown[] = [];
      const unsubscribe = data.subscribe(({ position, previous, value }) => {
        told.push([position.version, previous?.theme, value.theme]);
      });
      assert.equal(data.get(), INITIAL);
      const { version } = await setTheme(cluster, 'dark');
      assert.equal(data.get(), { ...INITIAL, theme: 'dark' });
      assert.equal(told, [[version, 'light', 'dark']]);

      const failed = data.update(() => {
        throw new Error('the user made a mistake');
      });
      assert.match(await outcome(() => failed), /the user made a mistake/);
      assert.is(data.position()?.version, version, 'a change that fails moves nothing');
      assert.is(told.length, 1);

      unsubscribe();
      await setTheme(cluster, 'grey');
      assert.is(data.get().theme, 'grey');
      assert.is(told.length, 1, 'who left hears no more');
      await cluster.confirmed();
      assert.is(cluster.member('a').slave.data.get().theme, 'grey');
    },
    { slaves: ['a'] },
  ));

test.run();
