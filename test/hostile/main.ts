/**
 * `npm run check:hostile`: a master with two slaves does two-phase rounds in quiet and while its
 * port is attacked. Exit code 0 only if the rounds' 99th percentile (the median of that of each
 * window) stays within twice the quiet one of the same run, memory stays bounded, and everything
 * hostile was refused with a code.
 */
import { checkArguments, countArgument } from '../support/check-arguments.js';
import { runSiege } from './siege.js';
import { describe, violationsOf } from './verdict.js';

const HELP = `npm run check:hostile -- [options]

Real processes over loopback: a master of two items with sealed TCP, two slaves, and an attacker.

  --windows N    windows of quiet and of attack, in turn (default: 7)
  --seconds N    length of each window (default: 8)
  --half-open N  connections in all that never finish their handshake (default: 10000)
  --help         this text`;

const values = checkArguments(
  {
    windows: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '8' },
    'half-open': { type: 'string', default: '10000' },
  },
  HELP,
);

const plan = {
  windows: countArgument(values, 'windows', 1, HELP),
  windowMs: countArgument(values, 'seconds', 7, HELP) * 1000,
  halfOpen: countArgument(values, 'half-open', 1, HELP),
  dripping: 100,
  deaf: 2,
  wrongKeys: 10,
};
const result = await runSiege(plan);
for (const line of describe(result)) console.log(line);
const violations = violationsOf(plan, result, true);
for (const violation of violations) console.log(`VIOLATED: ${violation}`);
console.log(violations.length === 0 ? 'check:hostile passed' : 'check:hostile failed');
process.exitCode = violations.length === 0 ? 0 : 1;
