import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Position } from '../../machines/protocol.js';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  HEARTBEAT,
  type SettingsCluster,
  setRoute,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 40');

function versionsOf({ journal }: SettingsCluster, id: string): number[] {
  return journal.calls(id, 'commit').map(({ args }) => (args[1] as Position).version);
}

/** Behind when asked to prepare: synced to the prior state first, then asked, then committed. */
async function assertSyncBeforePrepare(cluster: SettingsCluster): Promise<void> {
  const { journal } = cluster;
  const { slave, tap } = cluster.member('b');
  const held = slave.position?.version ?? 0;
  tap.block('drop', 'announce');
  await setTheme(cluster, 'dark');
  await setTheme(cluster, 'grey');
  await cluster.lost('b');
  await cluster.reached('a');
  const prior = cluster.version;
  journal.clear();
  const { version } = await setRoute(cluster, 'green');
  await cluster.reached('b', version);
  tap.release();
  await cluster.confirmed();

  const packet = first(journal.received('b', 'prepare'), 'new delta');
  assert.equal([packet.message.from.version, packet.message.to.version], [prior, version]);
  const request = only(journal.sent('b', 'request'), 'request for a syncing delta');
  assert.is(request.message.position?.version, held);
  const made = only(journal.calls('master', 'createDelta'), 'syncing delta of the user layer');
  assert.equal(made.args, [held, prior]);
  const sync = first(journal.received('b', 'delta'), 'syncing delta');
  assert.equal([sync.message.from.version, sync.message.to.version], [held, prior]);
  const [synced, committed] = journal.calls('b', 'commit');
  assert.ok(synced !== undefined && committed !== undefined);
  const vote = first(journal.sent('b', 'vote'), 'prepared signal');
  assert.equal([vote.message.answer, vote.message.needsSync], ['yes', true]);
  assertOrder(
    ['new delta', packet],
    ['request', request],
    ['made', made],
    ['syncing delta', sync],
    ['prior state', synced],
    ['user layer asked', only(journal.calls('b', 'prepare'), 'prepare call')],
    ['prepared signal', vote],
    ['commit signal', first(journal.received('b', 'commit'), 'commit')],
    ['new state', committed],
  );
  assert.equal(versionsOf(cluster, 'b'), [prior, version]);
  assert.equal(journal.sent('a', 'request'), [], 'a was at the prior state');
}

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
  assert.equal(versionsOf(cluster, 'b'), [], 'it cannot be taken before the prior state');
  tap.release();
  await cluster.confirmed();
  assert.equal(versionsOf(cluster, 'b'), [prior, version]);
  only(journal.sent('b', 'request'), 'request: the new delta was not asked for');
  assert.is(slave.data.get().theme, 'plain');
}

test('claim 40: a syncing delta brings the copy to the prior state first', () =>
  withSettings(
    async (cluster) => {
      await assertSyncBeforePrepare(cluster);
      await assertSyncBeforeNewDelta(cluster);
      for (const { slave } of cluster.members) {
        assert.equal(slave.data.get(), cluster.master.data.get());
      }
      await assertBothMethods(cluster, changesOf(cluster));
    },
    { ...HEARTBEAT },
  ));

test.run();
