/** A master's log under those who try again and again: a line each, then counts, bounded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RepeatedTroubles, troubleText } from '../../lib/cli/repeated-troubles.js';
import type { ErrorCode } from '../../lib/errors.js';
import type { Trouble } from '../../lib/service/status.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';

const test = suite('command: repeated troubles');

function follow() {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const tell = (trouble: Trouble, count: number) => lines.push(troubleText(trouble, count));
  const troubles = new RepeatedTroubles(tell, clock);
  const note = (code: ErrorCode, reason: string, heuristic = false) =>
    troubles.note({ code, reason, heuristic });
  return { clock, lines, troubles, note };
}

test('each address gets a line, whatever its ports; what follows a count a minute', async () => {
  const { clock, lines, note } = follow();
  for (let second = 0; second < 150; second += 1) {
    note('UNAUTHORIZED', `10.0.0.1:${40_000 + second} proved none of our keys`);
    note('UNAUTHORIZED', `[2001:db8::5]:${50_000 + second} proved none of our keys`);
    await clock.pass(1_000);
  }
  assert.equal(lines, [
    'UNAUTHORIZED: 10.0.0.1:40000 proved none of our keys',
    'UNAUTHORIZED: [2001:db8::5]:50000 proved none of our keys',
    'UNAUTHORIZED: 59 more like this, the last: 10.0.0.1:40059 proved none of our keys',
    'UNAUTHORIZED: 59 more like this, the last: [2001:db8::5]:50059 proved none of our keys',
    'UNAUTHORIZED: 60 more like this, the last: 10.0.0.1:40119 proved none of our keys',
    'UNAUTHORIZED: 60 more like this, the last: [2001:db8::5]:50119 proved none of our keys',
  ]);
});

test('one that stayed away for a minute is news again', async () => {
  const { clock, lines, note } = follow();
  note('PROTOCOL', '10.0.0.1:1 speaks HTTP');
  await clock.pass(60_001);
  note('PROTOCOL', '10.0.0.1:2 speaks HTTP');
  assert.equal(lines, ['PROTOCOL: 10.0.0.1:1 speaks HTTP', 'PROTOCOL: 10.0.0.1:2 speaks HTTP']);
});

test('strangers from ten thousand addresses get 64 lines, and one count a minute', async () => {
  const { clock, lines, note, troubles } = follow();
  for (let index = 0; index < 10_000; index += 1) {
    note('TIMEOUT', `10.0.${index >> 8}.${index & 255}:7 did not complete the handshake`);
  }
  assert.is(lines.length, 64);
  await clock.pass(60_000);
  assert.equal(lines.slice(64), [
    'TIMEOUT: 9936 more like this, the last: 10.0.39.15:7 did not complete the handshake',
  ]);
  troubles.stop();
  assert.is(lines.length, 65);
});

test('a second process under a slave’s id, which asks every second, gets a line and counts', async () => {
  const { clock, lines, note } = follow();
  for (let second = 0; second < 70; second += 1) {
    note('DUPLICATE_ID', 'two processes say they are slave "a"');
    await clock.pass(1_000);
  }
  assert.equal(lines, [
    'DUPLICATE_ID: two processes say they are slave "a"',
    'DUPLICATE_ID: 59 more like this, the last: two processes say they are slave "a"',
  ]);
});

test('what is no refusal is told each time, and what was counted is told at the end', () => {
  const { lines, note, troubles } = follow();
  for (let times = 0; times < 2; times += 1) {
    note('STORE_FAILED', 'the disk is full');
    note('UNAUTHORIZED', 'resolved by hand', true);
    note('OVERLOADED', `${times + 3} more like this within 1000 ms, the last: 10.0.0.1:5 x`);
  }
  troubles.stop();
  const counted = 'OVERLOADED: 3 more like this within 1000 ms, the last: 10.0.0.1:5 x';
  assert.equal(lines, [
    'STORE_FAILED: the disk is full',
    'UNAUTHORIZED: resolved by hand',
    counted,
    'STORE_FAILED: the disk is full',
    'UNAUTHORIZED: resolved by hand',
    counted.replace('3 more', '4 more'),
  ]);
});

test.run();
