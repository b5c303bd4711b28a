import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOrder, first, only } from '../support/claims-journal.js';
import { setRoute, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 18');

test('claim 18: a commit message goes to the slave service layer', () =>
  withSettings(async (cluster) => {
    const { journal, masterTap } = cluster;
    masterTap.filter((message) =>
      message.kind === 'vote' && message.envelope.sender === 'b' ? 'hold' : 'pass',
    );
    const task = setRoute(cluster, 'green');
    await cluster.until('b answered, a was heard', () => {
      const [heard, held] = [journal.received('master', 'vote'), journal.held('master', 'vote')];
      return heard.length === 1 && held.length === 1;
    });
    assert.equal(journal.sent('master', 'commit'), [], 'one yes of two is not enough');
    masterTap.release();
    const { version } = await task;
    await cluster.confirmed();
    const prepare = only(journal.sent('master', 'prepare'), 'prepare');
    const commit = only(journal.sent('master', 'commit'), 'commit message');
    assert.is(commit.message.round, prepare.message.round);
    assert.is(commit.message.to.version, version);
    const votes = journal.received('master', 'vote');
    assert.is(votes.length, 2);
    for (const vote of votes) assertOrder(['vote', vote], ['commit', commit]);
    for (const { id } of cluster.members) {
      const received = only(journal.received(id, 'commit'), `commit at ${id}`);
      assertOrder(
        ['message', received],
        ['taken', first(journal.calls(id, 'commit'), `commit call at ${id}`)],
      );
    }

    journal.clear();
    await setTheme(cluster, 'dark');
    await cluster.confirmed();
    assert.equal(journal.sent('master', 'commit'), [], 'a one-phase change needs none');
  }));

test.run();
