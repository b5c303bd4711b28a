/** Rule P2, number 5: what a relay, which has no numbers of its own, may still bring. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { announce, from, link, liveSlave } from '../support/scenes.js';

const test = suite('slave: the newest number again');

const again = (changes: object) => from(announce(5, 6, changes));
const behind = () => liveSlave().send(from(announce(5, 6)));

test('P2: increments that lead on are taken with the newest number, once', () => {
  const slave = behind();
  slave.send(again({ links: [link(3, 4)] }));
  assert.ok(slave.states.includes('serving.copy.committing'), slave.states.join(' '));
  assert.is(slave.context.facts.sequence, 5);
  const held = slave.context.facts.held.length;
  slave.send(again({ links: [link(3, 4)] }));
  assert.is(slave.context.facts.held.length, held, 'the same increment twice is one');
});

test('P2: without content, or of what the copy holds, it is an old announcement', () => {
  const { payload: _left, ...bare } = link(3, 4);
  for (const links of [[], [bare], [link(2, 3)]]) {
    const slave = behind();
    const { ignored } = slave.context.facts;
    slave.send(again({ links }));
    assert.is(slave.context.facts.ignored, ignored + 1);
  }
});

test('P2: an older number is ignored, whatever it brings', () => {
  const slave = behind();
  const { ignored } = slave.context.facts;
  slave.send(from(announce(4, 6, { links: [link(3, 4)] })));
  assert.is(slave.context.facts.ignored, ignored + 1);
  assert.equal(slave.context.facts.held, []);
});

test('P10: it says nothing of where the master stands, or of its rounds', () => {
  const slave = behind();
  slave.send(from(announce(5, 9, { links: [link(3, 4)], openRound: 'r9' })));
  assert.is(slave.context.facts.target?.version, 6);
  assert.is(slave.context.facts.openRound, null);
});

test.run();
