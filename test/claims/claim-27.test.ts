import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only } from '../support/claims-journal.js';
import { INITIAL, REFUSING, setRoute, setTheme, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 27');

test('claim 27: the slave user layer aborts an update', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave } = cluster.member('a');
      const [position, held] = [slave.position, slave.data.get()];
      const told: string[] = [];
      slave.data.subscribe(({ value }) => told.push(value.theme));
      assert.match(await outcome(() => setRoute(cluster, 'green')), /^ABORTED: /);
      await cluster.until('a forgot it', () => journal.calls('a', 'abort').length === 1);
      const prepared = only(journal.calls('a', 'prepare'), 'prepare call');
      assert.is(prepared.thrown, undefined, 'it had said that it can');
      assert.equal(only(journal.calls('a', 'abort'), 'abort call').args, [prepared.args[0]]);
      assert.equal(journal.calls('a', 'commit'), []);
      assert.is(slave.data.get(), held);
      assert.equal(slave.position, position);
      assert.equal(told, [], 'no reader saw anything of it');

      // Nothing of it is left: what comes next is built on the old state.
      await setTheme(cluster, 'dark');
      await cluster.reached('a');
      assert.equal(slave.data.get(), { ...INITIAL, theme: 'dark' });
      assert.equal(told, ['dark']);
    },
    { slaveData: { b: REFUSING } },
  ));

test.run();
