import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, only } from '../support/claims-journal.js';
import {
  carries,
  INITIAL,
  type Settings,
  setRoute,
  settings,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 28');

test('claim 28: the slave user layer processes a prepare request', async () => {
  let finish = () => {};
  const asked: Array<[Settings, Settings | undefined]> = [];
  const thinking = settings((next, previous) => {
    if (next.route === previous?.route || previous === undefined) return undefined;
    asked.push([next, previous]);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  await withSettings(
    async (cluster) => {
      const { journal } = cluster;
      const { slave } = cluster.member('a');
      const task = setRoute(cluster, 'green');
      await cluster.until('the user layer thinks', () => asked.length === 1);
      assert.equal(asked, [[{ ...INITIAL, route: 'green' }, INITIAL]]);
      const packet = only(journal.received('a', 'prepare'), 'packet');
      const call = only(journal.calls('a', 'prepare'), 'prepare call');
      assertOrder(['packet', packet], ['user layer', call]);
      assert.is(call.args[0], packet.message.round);
      assert.ok(carries(packet.message.payload.body, call.args[1]));
      assert.is((call.args[2] as { version: number }).version, packet.message.to.version);
      // While it thinks there is no answer, and readers see the old state.
      assert.equal(journal.sent('a', 'vote'), []);
      assert.equal(slave.data.get(), INITIAL);
      finish();
      await task;
      await cluster.confirmed();
      assert.is(slave.data.get().route, 'green');
      assert.is(asked.length, 1, 'what was processed is not asked again');
    },
    { data: thinking, slaves: ['a'] },
  );
});

test.run();
