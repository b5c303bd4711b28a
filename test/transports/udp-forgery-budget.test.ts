/** How much work anybody gets for forged datagrams, on a virtual clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import {
  ForgeryBudget,
  MASTER_TOKENS,
  STRANGER_TOKENS,
} from '../../lib/transports/udp/forgery-budget.js';

const MASTER = '10.0.0.1';

/** Forged datagrams of this source that were looked into, of so many. */
function read(budget: ForgeryBudget, source: string, sent: number): number {
  let looked = 0;
  for (let at = 0; at < sent; at += 1) {
    if (!budget.allows(source)) continue;
    looked += 1;
    budget.spend(source);
  }
  return looked;
}

const test = suite('udp: forgery budget');

test('A2: a source gets so many a second, and others theirs', async () => {
  const clock = new VirtualClock();
  const budget = new ForgeryBudget(clock);
  assert.is(read(budget, '10.0.0.66', 10_000), STRANGER_TOKENS);
  assert.is(read(budget, '10.0.0.67', 10_000), STRANGER_TOKENS);
  assert.is(read(budget, '10.0.0.66', 10_000), 0);
  await clock.passUntil(() => clock.now() >= 500, 1_000);
  const again = read(budget, '10.0.0.66', 10_000);
  assert.ok(again >= STRANGER_TOKENS / 2 - 1 && again <= STRANGER_TOKENS, String(again));
});

test('A2: the address of good datagrams has a budget of its own, and stays open to them', () => {
  const budget = new ForgeryBudget(new VirtualClock());
  budget.trust(MASTER);
  assert.is(read(budget, '10.0.0.66', 10_000), STRANGER_TOKENS);
  assert.ok(budget.allows(MASTER));
  assert.is(read(budget, MASTER, 10_000), MASTER_TOKENS);
});

test('A2: any number of forged addresses share one budget beyond those remembered', () => {
  const budget = new ForgeryBudget(new VirtualClock());
  let looked = 0;
  for (let at = 0; at < 20_000; at += 1) {
    const source = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    looked += read(budget, source, 2);
  }
  assert.is(looked, 2 * 256 + STRANGER_TOKENS);
  budget.trust(MASTER);
  assert.ok(budget.allows(MASTER));
});

test.run();
