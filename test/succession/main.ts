/**
 * `npm run check:succession`: three node processes on a real nats-server, with stores on disk,
 * whose leader is killed at random points of a mixed load. Exit code 0 only if nothing that was
 * confirmed was lost, no two nodes led in one term, every takeover was in time, nothing stuck.
 */
import { checkArguments, countArgument } from '../support/check-arguments.js';
import { natsServerMissing } from '../support/nats-server.js';
import { runSuccession } from './run.js';
import { runSeeds } from './seeds.js';
import { figuresOf, violationsOf } from './verdict.js';

const HELP = `npm run check:succession -- [options]
  --kills N      deaths of the leader, default 100
  --lease-ms N   the lease, default 3000
  --seed TEXT    plans the kills; printed by each run. Default: the time
  --seeds N      no processes: so many seeds in virtual time, with eight faults each
  --quiet        no line per kill`;

const values = checkArguments(
  {
    kills: { type: 'string', default: '100' },
    'lease-ms': { type: 'string', default: '3000' },
    seed: { type: 'string', default: String(Date.now()) },
    seeds: { type: 'string', default: '0' },
    quiet: { type: 'boolean', default: false },
  },
  HELP,
);
const kills = countArgument(values, 'kills', 1, HELP);
const leaseMs = countArgument(values, 'lease-ms', 100, HELP);
const seeds = countArgument(values, 'seeds', 0, HELP);
if (seeds > 0) process.exit(await runSeeds(String(values.seed), seeds));
const missing = natsServerMissing();
if (missing !== null) {
  console.error(missing);
  process.exit(1);
}
console.log(`seed ${values.seed}, ${kills} kills, a lease of ${leaseMs} ms`);
const report = await runSuccession({
  kills,
  leaseMs,
  seed: String(values.seed),
  tell: (line) => {
    if (values.quiet !== true) console.log(line);
  },
});
for (const line of figuresOf(report)) console.log(line);
const violations = violationsOf(report, kills);
for (const violation of violations) console.error(violation);
console.log(violations.length === 0 ? 'passed' : `FAILED: ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
