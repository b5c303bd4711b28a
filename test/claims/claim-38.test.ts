import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, sameBytes } from '../support/claims-journal.js';
import { HEARTBEAT, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 38');
const IDS = ['a', 'b', 'c'];

test('claim 38: the start information is multicast', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      for (const { tap } of cluster.members) tap.block('drop', 'announce');
      await setTheme(cluster, 'dark');
      await Promise.all(IDS.map((id) => cluster.lost(id)));
      journal.clear();
      for (const { tap } of cluster.members) tap.release();
      await cluster.confirmed();

      // One transmission told all of them the version; each asked by itself for what it lacked.
      const information = first(
        journal.sent('master', 'announce').filter(({ peers }) => peers.length > 1),
        'information',
      );
      assert.ok(information.isMulticast);
      assert.equal(information.peers, IDS);
      assert.is(information.message.position.version, cluster.version);
      for (const id of IDS) {
        await cluster.until(`this very frame at ${id}`, () =>
          journal.received(id, 'announce').some(({ bytes }) => sameBytes(bytes, information.bytes)),
        );
        const told = first(journal.received(id, 'announce'), `information at ${id}`);
        const request = first(journal.sent(id, 'request'), `request of ${id}`);
        assertOrder(['told', told], ['asked', request]);
        assert.is(cluster.member(id).slave.data.get().theme, 'dark');
      }
    },
    { slaves: IDS, ...HEARTBEAT },
  ));

test.run();
