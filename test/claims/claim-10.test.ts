import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only, sameBytes } from '../support/claims-journal.js';
import { setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 10');
const IDS = ['a', 'b', 'c', 'd'];

test('claim 10: the packet is multicast', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      await setTheme(cluster, 'dark');
      await cluster.confirmed();
      const packet = only(journal.sent('master', 'announce'), 'packets for four slaves');
      assert.ok(packet.isMulticast);
      assert.equal(packet.peers, IDS, 'one transmission names them all');
      for (const id of IDS) {
        const received = only(journal.received(id, 'announce'), `packet at ${id}`);
        assert.ok(sameBytes(received.bytes, packet.bytes), `${id} got this very frame`);
      }
    },
    { slaves: IDS },
  ));

test.run();
