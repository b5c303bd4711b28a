/**
 * `npm run check:storage`: crash images of real stores, reopened by real masters and slaves. Exit
 * code 0 only if none was read wrong, nothing acknowledged as synced was lost, and every seeded
 * bug was found.
 */
import { checkArguments, choiceArgument, countArgument } from '../support/check-arguments.js';
import { BUGS } from './bugs.js';
import { checkStorage, type Hunt, huntBug } from './check.js';
import { failWrites } from './failing-writes.js';
import type { Violation } from './tally.js';

const HELP = `npm run check:storage -- [options]

Records the folders of a master and two slaves at each of their writes, makes crash images of them
(prefixes, lost unsynced writes, torn batches, truncation at each byte, flipped bits, deleted,
zeroed, misplaced, older and foreign files, a newer format), and reopens each with the real code.

  --seed TEXT       of the workload and of the images (default: the time)
  --percent N       how much of the whole number of images to make, from 1 (default: 100)
  --processes N     that judge images at a time (default: 2)
  --image N         judge only this image
  --bug NAME        with a seeded bug: ${Object.keys(BUGS).join(', ')}
  --skip-bugs       do not hunt the seeded bugs after the check
  --help            this text

Two runs of one seed do the same changes and the same damage; ids, times and so the bytes differ.`;

const HUNT_SCALE = 0.1;
const SHOWN_MAX = 30;

const values = checkArguments(
  {
    seed: { type: 'string' },
    percent: { type: 'string', default: '100' },
    processes: { type: 'string', default: '2' },
    image: { type: 'string' },
    bug: { type: 'string' },
    'skip-bugs': { type: 'boolean', default: false },
  },
  HELP,
);
const seed = typeof values.seed === 'string' ? values.seed : String(Date.now());
const processes = countArgument(values, 'processes', 1, HELP);
const scale = countArgument(values, 'percent', 1, HELP) / 100;
const only = values.image === undefined ? undefined : countArgument(values, 'image', 0, HELP);
const bug = choiceArgument(values, 'bug', Object.keys(BUGS), HELP);

/** What a whole check must have made. */
const CRASH_IMAGES_MIN = 20_000;

const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${seconds.padStart(4)} s  ${line}`);
};

function tell(violations: readonly Violation[]): void {
  for (const { number, kind, where, wrong } of violations.slice(0, SHOWN_MAX)) {
    console.log(`WRONG image ${number} (${kind}, ${where}): ${wrong}`);
  }
  if (violations.length === 0) return;
  console.log(
    `once more: npm run check:storage -- --seed ${seed} --image ${violations[0]?.number}`,
  );
}

// No timer of the package keeps a process alive while files are opened.
const alive = setInterval(() => undefined, 1000);
try {
  console.log(`seed ${seed}`);
  const { tally, operations } = await checkStorage({ seed, scale, processes, only, bug, say });
  tell(tally.violations);
  for (const line of tally.lines()) console.log(line);
  const isHunting = values['skip-bugs'] !== true && bug === undefined && only === undefined;
  const hunts: Hunt[] = [];
  for (const name of isHunting ? Object.keys(BUGS) : []) {
    const hunt = await huntBug(name, { seed, scale: HUNT_SCALE, processes });
    hunts.push(hunt);
    const shown = `${hunt.images} images: ${hunt.first.slice(0, 100)}`;
    say(hunt.images === null ? `LIVES  ${name}` : `found  ${name} within ${shown}`);
  }
  const failing = isHunting ? await failWrites(scale < 1 ? 5 : 1) : { failed: 0, problems: [] };
  for (const problem of failing.problems.slice(0, SHOWN_MAX)) console.log(`WRONG ${problem}`);
  const found = hunts.filter(({ images }) => images !== null).length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${operations} operations recorded, ${seconds} s`);
  if (isHunting) {
    console.log(`${failing.failed} writes failed once, ${failing.problems.length} problems`);
    console.log(`seeded bugs ${found}/${hunts.length} found`);
  }
  console.log(tally.closing());
  const wrong = tally.violations.length + failing.problems.length;
  const isWhole = scale < 1 || only !== undefined || tally.crashImages >= CRASH_IMAGES_MIN;
  process.exitCode = isWhole && wrong === 0 && found === hunts.length ? 0 : 1;
} finally {
  clearInterval(alive);
}
