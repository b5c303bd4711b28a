import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  INITIAL,
  type SettingsCluster,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 1');

/** The master user layer starts replication by calling the start method of the service layer. */
function assertStart({ startup }: SettingsCluster): void {
  const attach = only(startup.calls('master', 'attach'), 'attach');
  const start = only(startup.calls('master', 'service.start'), 'start call');
  const commit = first(startup.calls('master', 'commit'), 'first version');
  assert.is(commit.args[0], start.args[0], 'the original begins with what the start call said');
  assertOrder(['attach', attach], ['start', start], ['first version', commit]);
}

/** A packet with information on the original reaches each copy through both service layers. */
async function assertPacket(cluster: SettingsCluster): Promise<void> {
  const { journal } = cluster;
  await setTheme(cluster, 'dark');
  await cluster.confirmed();
  const build = only(journal.calls('master', 'build'), 'delta of the user layer');
  const packet = only(journal.sent('master', 'announce'), 'packet');
  assertOrder(['user layer', build], ['packet', packet]);
  for (const { id, slave } of cluster.members) {
    const received = only(journal.received(id, 'announce'), `packet at ${id}`);
    const stored = only(journal.calls(id, 'commit'), `commit at ${id}`);
    const ack = first(journal.sent(id, 'ack'), `information back from ${id}`);
    assertOrder(['sent', packet], ['received', received], ['stored', stored], ['told', ack]);
    assert.is(ack.message.position?.version, cluster.version);
    assert.equal(slave.data.get(), { ...INITIAL, theme: 'dark' });
  }
}

test('claim 01: master, slave, start, and both methods by type of delta', () =>
  withSettings(
    async (cluster) => {
      assertStart(cluster);
      await assertPacket(cluster);
      await assertBothMethods(cluster, changesOf(cluster));
    },
    { slaves: ['a', 'b', 'c'] },
  ));

test.run();
