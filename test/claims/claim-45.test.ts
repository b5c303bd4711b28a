import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changesOf, setTheme, withSettings } from '../support/claims-settings.js';

const test = suite('claim 45');

/** What this slave did right after the last word of this kind. */
function after(words: readonly string[], word: string): string | undefined {
  return words[words.lastIndexOf(word) + 1];
}

test('claim 45: a one-phase delta is committed as soon as it is received', () =>
  withSettings(async (cluster) => {
    const { journal } = cluster;
    // Nobody else can have a say: b receives nothing, the master hears nothing of a.
    cluster.member('b').tap.block('hold', 'announce');
    cluster.masterTap.filter((message, way) =>
      way === 'in' && message.envelope.sender === 'a' && message.kind !== 'request'
        ? 'hold'
        : 'pass',
    );
    await setTheme(cluster, 'dark');
    await cluster.reached('a');
    assert.is(after(journal.wordsOf('a'), 'received announce'), 'call commit');
    assert.is(cluster.member('a').slave.data.get().theme, 'dark');
    assert.is(cluster.member('b').slave.data.get().theme, 'light');

    // A long one that comes in parts, at its last part.
    journal.clear();
    await changesOf(cluster)['one-phase'].make();
    await cluster.reached('a');
    // It confirms parts on the way, by requests for the rest.
    const words = journal.wordsOf('a').filter((word) => word !== 'sent request');
    assert.is(after(words, 'received delta'), 'call commit');
    assert.is(words.filter((word) => word === 'call commit').length, 1);
    for (const word of ['sent vote', 'call prepare', 'received commit']) {
      assert.is(words.includes(word), false, word);
    }
    assert.equal(cluster.member('b').slave.data.get().text, '');
  }));

test.run();
