/** What fails several times in each lease, for hours, is told when there is news of it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { LeaseTroubles } from '../../lib/node/lease-troubles.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';

const test = suite('lease troubles');

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

function world() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const troubles = new LeaseTroubles(clock, ({ message }) => told.push(message));
  const fail = (message: string, kind = 'read') =>
    troubles.failed(kind, new ReplicationError('TIMEOUT', message));
  return { clock, told, troubles, fail };
}

test('the same failure is told once, however long it lasts; of each kind of call', async () => {
  const { clock, told, fail } = world();
  for (let second = 0; second < 3600; second += 1) {
    fail('down');
    fail('down too', 'write');
    await clock.pass(SECOND_MS);
  }
  assert.equal(told, ['down', 'down too']);
});

test('other words are told, and so is what begins anew: within a minute, if it lasts', async () => {
  const { clock, told, troubles, fail } = world();
  fail('down');
  fail('forbidden');
  assert.equal(told, ['down']);
  await clock.pass(MINUTE_MS);
  fail('forbidden');
  assert.equal(told, ['down', 'forbidden']);
  troubles.worked('read');
  fail('forbidden');
  assert.is(told.length, 2);
  await clock.pass(MINUTE_MS);
  fail('forbidden');
  assert.is(told.length, 3);
});

test('what is over as it happens is told again, once a minute', async () => {
  const { clock, told, troubles } = world();
  for (let second = 0; second < 600; second += 1) {
    troubles.happened('record', new ReplicationError('STORE_FAILED', 'lost'));
    await clock.pass(SECOND_MS);
  }
  assert.is(told.length, 10);
});

test.run();
