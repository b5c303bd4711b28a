import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL, REFUSING, setRoute, setTheme, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 31');

test('claim 31: the slave user layer updates its version number', () =>
  withSettings(
    async (cluster) => {
      const { layer, slave } = cluster.member('a');
      const shown: Array<[number, string]> = [];
      slave.data.subscribe(({ value }) => {
        // Asked at the moment of showing: version and data move in one step.
        shown.push([layer.position()?.version ?? 0, value.theme]);
      });
      const versions: number[] = [];
      for (const theme of ['dark', 'grey']) {
        versions.push((await setTheme(cluster, theme)).version);
        await cluster.confirmed();
        assert.is(layer.position()?.version, versions.at(-1));
      }
      assert.equal(shown, [
        [versions[0], 'dark'],
        [versions[1], 'grey'],
      ]);

      // No update, no new version.
      const before = layer.position();
      assert.match(await outcome(() => setRoute(cluster, 'green')), /^ABORTED: /);
      await cluster.until('a is done with it', () => slave.status.round === 'none');
      assert.equal(layer.position(), before);

      // A restart of the process finds version and data together.
      await slave.stop();
      await cluster.master.stop();
      const again = await cluster.startSlave('a');
      assert.equal(again.layer.position(), before);
      assert.equal(again.slave.data.get(), { ...INITIAL, theme: 'grey' });
    },
    { slaveData: { b: REFUSING }, isOnDisk: true },
  ));

test.run();
