import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { serviceOf } from '../support/claims-layers.js';
import { INITIAL, setRoute, withSettings } from '../support/claims-settings.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('claim 5');

test('claim 05: a roll-back keeps a change from being replicated', () =>
  withSettings(async (cluster) => {
    const { journal, master, masterTap } = cluster;
    const service = serviceOf(cluster.startup);
    masterTap.block('hold', 'vote');
    const task = setRoute(cluster, 'green');
    const ended = outcome(() => task);
    await cluster.until('both slaves voted', () => journal.held('master', 'vote').length === 2);

    // The user layer's message to the service layer, while the change is prepared everywhere.
    assert.is(service.rollback(task.id, 'the operator thought better of it'), true);
    assert.match(await ended, /^ABORTED: .*the operator thought better of it/);
    masterTap.release();
    await cluster.until('both user layers forgot it', () =>
      ['a', 'b'].every((id) => journal.calls(id, 'abort').length === 1),
    );
    const undone = only(journal.calls('master', 'rollback'), 'rollback of the original');
    assert.is(undone.args[1], 'the operator thought better of it');
    for (const { id, slave } of cluster.members) {
      assertOrder(
        ['told', only(journal.calls('master', 'service.rollback'), 'roll-back message')],
        ['abort', first(journal.received(id, 'abort'), `abort at ${id}`)],
        ['forgotten', only(journal.calls(id, 'abort'), `abort call at ${id}`)],
      );
      assert.equal(journal.calls(id, 'commit'), []);
      assert.equal(slave.data.get(), INITIAL);
    }
    assert.equal(journal.sent('master', 'commit'), []);
    assert.equal(master.data.get(), INITIAL);

    // Once it is decided it is too late, and the service layer says so.
    const kept = setRoute(cluster, 'red');
    await kept;
    assert.is(service.rollback(kept.id, 'too late'), false);
    await cluster.confirmed();
    assert.is(cluster.member('a').slave.data.get().route, 'red');
  }));

test.run();
