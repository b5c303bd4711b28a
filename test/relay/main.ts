/**
 * `npm run check:relays`: one master, ten relays, a thousand slaves in few processes over TCP; and
 * what an update costs the master, beside what ten plain slaves cost it.
 *
 *     npm run check:relays -- --relays 10 --leaves 1000
 */
import { checkArguments, countArgument } from '../support/check-arguments.js';
import { assertSameWork, runTree, table } from './tree/compare.js';

const USAGE = `npm run check:relays -- [options]

  --relays N      relays below the master (10)
  --leaves N      slaves below the relays, in all (1000)
  --one-phase N   one-phase updates that are measured (200)
  --two-phase N   two-phase updates that are measured (50)`;

const number = (standard: string) => ({ type: 'string', default: standard }) as const;
const given = checkArguments(
  {
    relays: number('10'),
    leaves: number('1000'),
    'one-phase': number('200'),
    'two-phase': number('50'),
  },
  USAGE,
);
const count = (name: string) => countArgument(given, name, 1, USAGE);
const [relays, leaves] = [count('relays'), count('leaves')];
const updates = { onePhase: count('one-phase'), twoPhase: count('two-phase') };
const say = (line: string) => console.log(line);

say(`\n${relays} plain slaves`);
const few = { relays: 0, leaves: relays, leavesPerProcess: relays };
const plain = await runTree(few, updates, say);
say(`\n${relays} relays with ${leaves} leaves`);
const relayed = await runTree({ relays, leaves, leavesPerProcess: 250 }, updates, say);

say(
  `\n${'the master, an update'.padEnd(24)}${'slaves'.padStart(12)}${'relays'.padStart(12)}   ratio`,
);
for (const line of table('one-phase', plain.onePhase, relayed.onePhase)) say(line);
for (const line of table('two-phase', plain.twoPhase, relayed.twoPhase)) say(line);
assertSameWork('one-phase', plain.onePhase, relayed.onePhase);
assertSameWork('two-phase', plain.twoPhase, relayed.twoPhase);
say('\nthe master works for its relays, not for their leaves: passed');
