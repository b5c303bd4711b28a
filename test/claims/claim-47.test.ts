import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { assertOrder, first } from '../support/claims-journal.js';
import { assertBothMethods } from '../support/claims-methods.js';
import {
  changesOf,
  type SettingsCluster,
  setRoute,
  setTheme,
  settings,
  withSettings,
} from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 47');

/** Has no such route here; takes every other. */
const CHOOSY = settings((next) => {
  if (next.route === 'nowhere') throw new Veto('no such route');
});

/** b misses a change, then the packet with the version of the present state comes. */
async function propose(cluster: SettingsCluster, route: string): Promise<string> {
  const { tap } = cluster.member('b');
  tap.block('drop', 'announce');
  await setTheme(cluster, `${cluster.version}`);
  await cluster.lost('b');
  await cluster.reached('a');
  cluster.journal.clear();
  const ended = await outcome(() => setRoute(cluster, route));
  await cluster.until('every slave is done with it', () =>
    cluster.members.every(({ slave }) => slave.status.round === 'none'),
  );
  tap.release();
  return ended;
}

/** Does the slave need to be updated, and can it process the update? */
function signalsOf({ journal, members }: SettingsCluster): unknown[] {
  return members.map(({ id }) => {
    const { message } = first(journal.sent(id, 'vote'), `signal of ${id}`);
    return [id, message.needsSync, message.answer, message.reason];
  });
}

function assertResponse(cluster: SettingsCluster, kind: 'commit' | 'abort'): void {
  const { journal } = cluster;
  for (const { id } of cluster.members) {
    assertOrder(
      ['packet', first(journal.received(id, 'prepare'), `packet at ${id}`)],
      ['user layer', first(journal.calls(id, 'prepare'), `check of ${id}`)],
      ['signal', first(journal.sent(id, 'vote'), `signal of ${id}`)],
      ['response', first(journal.received(id, kind), `response at ${id}`)],
      ['done', first(journal.calls(id, kind).slice(-1), `${kind} call at ${id}`)],
    );
  }
}

test('claim 47: a vote: needs an update, and can process it', () =>
  withSettings(
    async (cluster) => {
      const { journal } = cluster;
      assert.is(await propose(cluster, 'green'), 'done');
      await cluster.confirmed();
      const packet = first(journal.sent('master', 'prepare'), 'packet').message;
      assert.is(packet.position.version, packet.from.version, 'the version of the present state');
      assert.equal(signalsOf(cluster), [
        ['a', false, 'yes', null],
        ['b', true, 'yes', null],
      ]);
      assertResponse(cluster, 'commit');
      for (const { slave } of cluster.members) assert.is(slave.data.get().route, 'green');

      assert.match(await propose(cluster, 'nowhere'), /^ABORTED: .*b: no such route/);
      assert.equal(signalsOf(cluster), [
        ['a', false, 'yes', null],
        ['b', true, 'no', 'no such route'],
      ]);
      assert.is(first(journal.received('a', 'abort'), 'response').message.round.length > 0, true);
      assert.equal(journal.sent('master', 'commit'), []);
      await cluster.confirmed();
      for (const { slave } of cluster.members) assert.is(slave.data.get().route, 'green');
      await assertBothMethods(cluster, changesOf(cluster));
    },
    { slaveData: { b: CHOOSY } },
  ));

test.run();
