import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { only, sameBytes } from '../support/claims-journal.js';
import { setRoute, withSettings } from '../support/claims-settings.js';

const test = suite('claim 20');
const IDS = ['a', 'b', 'c', 'd'];

test('claim 20: the commit message is multicast', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      await setRoute(cluster, 'green');
      await cluster.confirmed();
      const commit = only(journal.sent('master', 'commit'), 'commit messages for four slaves');
      assert.ok(commit.isMulticast);
      assert.equal(commit.peers, IDS);
      for (const id of IDS) {
        const received = only(journal.received(id, 'commit'), `commit at ${id}`);
        assert.ok(sameBytes(received.bytes, commit.bytes), `${id} got this very frame`);
        assert.is(cluster.member(id).slave.data.get().route, 'green');
      }
    },
    { slaves: IDS },
  ));

test.run();
