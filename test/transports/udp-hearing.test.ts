/** When a slave counts on datagrams, and when it stops to, on a virtual clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { Hearing } from '../../lib/transports/udp/hearing.js';
import { WORDS, type Word } from '../../lib/transports/udp/word.js';

const test = suite('udp: hearing');

test('a network without multicast is noticed and told once; one that stops later, too', async () => {
  const clock = new VirtualClock();
  const said: Word[] = [];
  let told = 0;
  const hearing = new Hearing(clock, {
    say: (word) => said.push(word),
    retry: () => undefined,
    unheard: () => {
      told += 1;
    },
    isLossy: () => false,
    resting: () => assert.unreachable('nothing was forged or lost'),
  });
  hearing.begin();
  hearing.joined();
  await clock.passUntil(() => told > 0, 60_000);
  const untilToldMs = clock.now();
  assert.ok(untilToldMs > 5_000 && untilToldMs < 10_000, `${untilToldMs} ms`);
  assert.not(said.some((word) => word !== WORDS.ready));
  const asked = said.length;
  await clock.passUntil(() => clock.now() > untilToldMs + 60_000, 120_000);
  assert.is(told, 1, 'people know');
  assert.ok(said.length - asked <= 8, 'it asks seldom after a while');

  hearing.heard(false);
  assert.is(said.at(-1), WORDS.ready, 'a short datagram proves nothing of longer ones');
  hearing.heard(true);
  assert.is(said.at(-1), WORDS.hearing);
  const silentFromMs = clock.now();
  await clock.passUntil(() => said.includes(WORDS.deaf), 60_000);
  assert.ok(clock.now() - silentFromMs < 10_000);
  assert.is(told, 2);
  hearing.heard(true);
  assert.is(said.at(-1), WORDS.hearing, 'it hears again by itself (P22)');
  hearing.end();
});

test('where more than half is lost all goes by stream for a while, and people are told', async () => {
  const clock = new VirtualClock();
  const said: Word[] = [];
  let isLossy = true;
  const told: string[] = [];
  const hearing = new Hearing(clock, {
    say: (word) => said.push(word),
    retry: () => undefined,
    unheard: () => undefined,
    isLossy: () => isLossy,
    resting: (why) => told.push(why),
  });
  hearing.begin();
  hearing.heard(true);
  await clock.passUntil(() => said.includes(WORDS.deaf), 60_000);
  assert.equal(told, ['more than half of them were lost']);
  assert.not(hearing.listens);
  isLossy = false;
  const asked = said.length;
  await clock.passUntil(() => said.length > asked, 60_000);
  assert.is(said.at(-1), WORDS.ready);
  assert.ok(hearing.listens);
  hearing.heard(true);
  assert.is(said.at(-1), WORDS.hearing);
  hearing.end();
});

test.run();
