/** `npm run check:many`: ten thousand slaves of one master, in one process. */
import { checkArguments, countArgument } from '../../support/check-arguments.js';
import { runMany } from './run.js';

const HELP = `npm run check:many -- [options]

  --slaves N      how many slaves (default 10000); everything is run with a tenth of them first
  --megabytes N   MiB of the state on which they join (default 2)
  --seed N        of delays and ids (default 1)
  --help          this text

Real masters and slaves on a virtual clock and the memory network: all join at once, heartbeats,
1,000 changes, rounds in which all vote, and a slow tenth. Prints what a slave costs, and what was
demanded of each figure.

Exit code: 0 all well, 1 a demand was not met, 2 a wrong argument.`;

const MIB = 1024 * 1024;

const values = checkArguments(
  { slaves: { type: 'string' }, megabytes: { type: 'string' }, seed: { type: 'string' } },
  HELP,
);
const given = { slaves: '10000', megabytes: '2', seed: '1', ...values };
const startMs = performance.now();
const findings = await runMany(
  {
    slaves: countArgument(given, 'slaves', 10, HELP),
    stateBytes: countArgument(given, 'megabytes', 1, HELP) * MIB,
    seed: countArgument(given, 'seed', 1, HELP),
    isTimed: true,
  },
  (line) => console.log(`${Math.round((performance.now() - startMs) / 1000)} s  ${line}`),
);
const { broken } = findings;
for (const line of broken) console.log(`BROKEN ${line}`);
console.log(broken.length === 0 ? 'all demands met' : `${broken.length} demands not met`);
process.exitCode = broken.length === 0 ? 0 : 1;
