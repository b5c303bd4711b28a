import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { only } from '../support/claims-journal.js';
import {
  type SettingsCluster,
  setRoute,
  setTheme,
  settings,
  withSettings,
} from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 9');

const refusing = settings((next) => {
  if (next.route === 'nowhere') throw new Veto('no such route');
});

/** A version number of a change that was aborted: it was shown to slaves, and is burnt. */
async function burn(cluster: SettingsCluster): Promise<number> {
  cluster.journal.clear();
  assert.match(await outcome(() => setRoute(cluster, 'nowhere')), /^ABORTED: /);
  const prepare = only(cluster.journal.sent('master', 'prepare'), 'prepare');
  return prepare.message.to.version;
}

test('claim 09: a unique version number for each state', () =>
  withSettings(
    async (cluster) => {
      const numbers = [cluster.version];
      const make = async (theme: string) => numbers.push((await setTheme(cluster, theme)).version);
      await make('dark');
      numbers.push((await setRoute(cluster, 'green')).version);
      numbers.push(await burn(cluster));
      await make('grey');
      // Nor does a restart issue a number again, of a state or of an aborted change.
      numbers.push(await burn(cluster));
      await cluster.master.stop();
      await cluster.startMaster();
      await cluster.settle();
      await make('sepia');
      await make('dark');
      assert.equal(
        numbers,
        [...new Set(numbers)].sort((left, right) => left - right),
        'every number is new, and above all earlier ones',
      );
      assert.is(numbers.length, 8);
      assert.is(cluster.masterLayer.position()?.version, numbers.at(-1));
    },
    { data: refusing, slaves: ['a'], isOnDisk: true },
  ));

test.run();
