/** A short `npm run check:relays`: three relays, sixty leaves; the master works as for three. */
import { suite } from 'uvu';
import { assertSameWork, runTree, table } from '../relay/tree/compare.js';

const test = suite('relays over TCP');

test('claims 10-23: 3 relays with 60 leaves cost the master what 3 slaves do', async () => {
  const updates = { onePhase: 40, twoPhase: 15 };
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  const plain = await runTree({ relays: 0, leaves: 3, leavesPerProcess: 3 }, updates, say);
  const relayed = await runTree({ relays: 3, leaves: 60, leavesPerProcess: 60 }, updates, say);
  lines.push(...table('one-phase', plain.onePhase, relayed.onePhase));
  lines.push(...table('two-phase', plain.twoPhase, relayed.twoPhase));
  console.log(['', ...lines].join('\n'));
  assertSameWork('one-phase', plain.onePhase, relayed.onePhase);
  assertSameWork('two-phase', plain.twoPhase, relayed.twoPhase);
});

test.run();
