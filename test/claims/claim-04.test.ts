import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, only } from '../support/claims-journal.js';
import { setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 4');

test('claim 04: the master user layer updates the original', () =>
  withSettings(async (cluster) => {
    const { journal, master, masterLayer, masterTap } = cluster;
    const { version } = await setTheme(cluster, 'dark');
    const commit = only(journal.calls('master', 'commit'), 'commit of the original');
    assert.is((commit.args[1] as { version: number }).version, version);
    assertOrder(
      ['original', commit],
      ['announced', only(journal.sent('master', 'announce'), 'announce')],
    );
    assert.is(master.data.get().theme, 'dark');
    assert.is(masterLayer.position()?.version, version);

    // Two-phase: the original does not move before every slave said that it can take the delta.
    await cluster.confirmed();
    journal.clear();
    masterTap.block('hold', 'vote');
    const task = setRoute(cluster, 'green');
    await cluster.until('both votes wait', () => journal.held('master', 'vote').length === 2);
    assert.equal(journal.calls('master', 'commit'), []);
    assert.is(master.data.get().route, 'blue');
    masterTap.release();
    await task;
    assert.is(journal.calls('master', 'commit').length, 1);
    assert.is(master.data.get().route, 'green');
  }));

test.run();
