import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  HEARTBEAT,
  type SettingsCluster,
  setRoute,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';
import { assertSyncBeforePrepare, committedVersions } from '../support/claims-sync.js';

const test = suite('claim 40');

/** While the syncing delta is on its way a new one is announced: both, in their order. */
async function assertSyncBeforeNewDelta(cluster: SettingsCluster): Promise<void> {
  const { journal } = cluster;
  const { slave, tap } = cluster.member('b');
  tap.block('drop', 'announce');
  await setTheme(cluster, 'sepia');
  await cluster.lost('b');
  const prior = cluster.version;
  journal.clear();
  tap.block('hold', 'delta');
  await cluster.until('the syncing delta waits', () => journal.held('b', 'delta').length > 0);
  const { version } = await setTheme(cluster, 'plain');
  await cluster.until('the new delta arrived', () =>
    journal.received('b', 'announce').some(({ message }) => message.position.version === version),
  );
  assert.equal(committedVersions(cluster, 'b'), [], 'it cannot be taken before the prior state');
  tap.release();
  await cluster.confirmed();
  assert.equal(committedVersions(cluster, 'b'), [prior, version]);
  only(journal.sent('b', 'request'), 'request: the new delta was not asked for');
  assert.is(slave.data.get().theme, 'plain');
}

test('claim 40: a syncing delta brings the copy to the prior state first', () =>
  withSettings(
    async (cluster) => {
      await assertSyncBeforePrepare(
        cluster,
        { behind: 'b', current: 'a' },
        {
          passing: [() => setTheme(cluster, 'dark'), () => setTheme(cluster, 'grey')],
          proposed: () => setRoute(cluster, 'green'),
        },
      );
      await assertSyncBeforeNewDelta(cluster);
      for (const { slave } of cluster.members) {
        assert.equal(slave.data.get(), cluster.master.data.get());
      }
      await assertBothMethods(cluster, changesOf(cluster));
    },
    { ...HEARTBEAT },
  ));

test.run();
