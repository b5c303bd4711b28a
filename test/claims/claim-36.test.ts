import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertCheckAtJoin } from '../support/claims-check.js';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  INITIAL,
  type SettingsCluster,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 36');

/** The start call holds the state of the master data; what slaves are told of it is a version. */
function assertStartCall({ startup, members }: SettingsCluster): void {
  const start = only(startup.calls('master', 'service.start'), 'start call');
  const applied = first(startup.calls('master', 'commit'), 'first state');
  assert.is(applied.args[0], start.args[0]);
  for (const { id } of members) {
    const told = first(startup.received(id, 'welcome'), `information at ${id}`);
    const checked = first(startup.calls(id, 'position'), `check of ${id}`);
    assertOrder(['start', start], ['told', told]);
    assertOrder(['start', start], ['checked', checked]);
    assert.is(checked.result, null, `${id} had nothing yet`);
    assert.ok(startup.sent(id, 'request').length > 0, `${id} asked for all of it`);
  }
}

test('claim 36: from the start call to an updated copy', () =>
  withSettings(async (cluster) => {
    assertStartCall(cluster);
    for (const { slave } of cluster.members) assert.equal(slave.data.get(), INITIAL);
    const ids = { behind: 'a', current: 'b' };
    await assertCheckAtJoin(cluster, ids, () => setTheme(cluster, 'dark'));
    for (const { slave } of cluster.members) assert.is(slave.data.get().theme, 'dark');
    await assertBothMethods(cluster, changesOf(cluster));
  }));

test.run();
