import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeltaLink } from '../../machines/protocol.js';
import { first, only } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  type SettingsCluster,
  setRoute,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';
import { assertSyncBeforePrepare } from '../support/claims-sync.js';

const test = suite('claim 46');

const versionsOf = (links: readonly DeltaLink[]) =>
  links.map(({ from, to }) => [from.version, to.version]);

/** Prior number, new number, the change itself, and the changes before it with their numbers. */
async function assertPacket(cluster: SettingsCluster): Promise<void> {
  const { journal } = cluster;
  const start = cluster.version;
  for (const theme of ['dark', 'grey', 'sepia']) await setTheme(cluster, theme);
  await cluster.confirmed();
  const prior = cluster.version;
  journal.clear();
  const { version } = await setTheme(cluster, 'green');
  await cluster.confirmed();
  const packet = only(journal.sent('master', 'announce'), 'packet').message;
  assert.equal(versionsOf(packet.links), [
    [start, start + 1],
    [start + 1, start + 2],
    [start + 2, prior],
    [prior, version],
  ]);
  assert.instance(packet.links.at(-1)?.payload?.body, Uint8Array);
  // Every slave corresponds to the prior number: it commits the packet and takes the new number.
  for (const { id, layer } of cluster.members) {
    assert.equal(journal.wordsOf(id).slice(0, 2), ['received announce', 'call commit']);
    assert.is(layer.position()?.version, version);
    assert.equal(journal.sent(id, 'request'), []);
  }
}

/** One does not correspond: it requests the delta to the prior number before it commits. */
async function assertSync(cluster: SettingsCluster): Promise<void> {
  await assertSyncBeforePrepare(
    cluster,
    { behind: 'b', current: 'a' },
    {
      passing: [() => setTheme(cluster, 'dark'), () => setTheme(cluster, 'grey')],
      proposed: () => setRoute(cluster, 'green'),
    },
  );
  const packet = first(cluster.journal.received('b', 'prepare'), 'packet').message;
  const previous = versionsOf(packet.links);
  assert.equal(previous.at(-1), [packet.from.version - 1, packet.from.version]);
  assert.equal(previous.at(-2), [packet.from.version - 2, packet.from.version - 1]);
  for (const { slave } of cluster.members) assert.is(slave.position?.version, packet.to.version);
}

test('claim 46: a packet with prior, new and previous versions', () =>
  withSettings(async (cluster) => {
    await assertPacket(cluster);
    await assertSync(cluster);
    await assertBothMethods(cluster, changesOf(cluster));
  }));

test.run();
