import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first, sameBytes } from '../support/claims-journal.js';
import { INITIAL, REFUSING, setRoute, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 23');
const IDS = ['a', 'b', 'c', 'd'];

test('claim 23: the abort message is multicast', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      assert.match(await outcome(() => setRoute(cluster, 'green')), /^ABORTED: .*d: not here/);
      await cluster.until('all heard of it', () =>
        IDS.every((id) => journal.received(id, 'abort').length > 0),
      );
      const abort = first(journal.sent('master', 'abort'), 'abort message');
      assert.ok(abort.isMulticast);
      assert.equal(abort.peers, IDS, 'everybody who was sent the prepare, whatever they answered');
      for (const id of IDS) {
        const received = first(journal.received(id, 'abort'), `abort at ${id}`);
        assert.ok(sameBytes(received.bytes, abort.bytes), `${id} got this very frame`);
        assert.equal(cluster.member(id).slave.data.get(), INITIAL);
      }
    },
    { slaves: IDS, slaveData: { d: REFUSING } },
  ));

test.run();
