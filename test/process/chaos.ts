/**
 * `npm run check:chaos`: real processes over TCP with disk stores, killed, stopped and cut off
 * under load, and judged from outside. The same seed plans the same rounds. Exit code 0 only if
 * nothing was lost, nothing diverged, nothing got stuck, and every demanded figure was reached.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChaos } from '../support/process-chaos.js';
import { canMount } from '../support/process-disks.js';
import { demandedOf, FULL_DEMANDS, linesOf, wrongsOf } from '../support/process-figures.js';
import { INCIDENTS, type Incident } from '../support/process-incidents.js';
import { BUGS, type Bug } from '../support/process-messages.js';
import { planRun, ROUND_KINDS, type Stretch } from '../support/process-plan.js';

const ROUNDS = 200;
const HELP = `npm run check:chaos -- [options]
  --seed TEXT    plans the rounds; printed by each run. Default: the time
  --rounds N     rounds of all kinds, default ${ROUNDS}; fewer are to reach proportionally less
  --only KIND    rounds of one kind only: ${ROUND_KINDS.join(', ')}; no counts are demanded.
                 Or one incident, or all "incidents":
                 ${INCIDENTS.map(({ name }) => name).join('\n                 ')}
  --changes N    changes after each recovery, default 300
  --lanes N      clusters at a time, default 2
  --bug NAME     hosts with a seeded bug, which the run must find (exit code 1):
${Object.entries(BUGS)
  .map(([name, what]) => `                 ${name.padEnd(16)} ${what}`)
  .join('\n')}
  --quiet        no line per round
`;

const OPTIONS = {
  rounds: { type: 'string', default: String(ROUNDS) },
  seed: { type: 'string', default: String(Date.now()) },
  changes: { type: 'string', default: '300' },
  lanes: { type: 'string', default: '2' },
  only: { type: 'string' },
  bug: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What was asked for cannot be done. */
class BadArgument extends Error {}

function countOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new BadArgument(`--${name} takes a number from 1, not "${text}"`);
}

const ONLY = [...ROUND_KINDS, 'incidents', ...INCIDENTS.map(({ name }) => name)];

function kindOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const kind = ONLY.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new BadArgument(`--only takes one of ${ONLY.join(', ')}, not "${text}"`);
}

function bugOf(text: string | undefined): { readonly bug?: Bug } {
  if (text === undefined) return {};
  if (Object.hasOwn(BUGS, text)) return { bug: text as Bug };
  throw new BadArgument(`--bug takes one of ${Object.keys(BUGS).join(', ')}, not "${text}"`);
}

function settingsOf(words: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS });
    const { seed, quiet, help } = values;
    const rounds = countOf('rounds', values.rounds);
    const lanes = countOf('lanes', values.lanes);
    const calmChanges = countOf('changes', values.changes);
    const only = kindOf(values.only);
    return { seed, quiet, help, rounds, lanes, calmChanges, only, ...bugOf(values.bug) };
  } catch (error) {
    // parseArgs tells by TypeError what it does not know.
    if (error instanceof BadArgument || error instanceof TypeError) {
      console.error(`${error.message}\n${HELP}`);
      process.exit(2);
    }
    throw error;
  }
}

type Settings = ReturnType<typeof settingsOf>;

function demandsOf({ rounds, only }: Settings): typeof FULL_DEMANDS {
  if (only !== null) return { kills: 0, pauses: 0, partitions: 0, acknowledged: 0 };
  const share = (full: number) => Math.floor((full * Math.min(rounds, ROUNDS)) / ROUNDS);
  const { kills, pauses, partitions, acknowledged } = FULL_DEMANDS;
  return {
    kills: share(kills),
    pauses: share(pauses),
    partitions: share(partitions),
    acknowledged: share(acknowledged),
  };
}

function stretchesOf({ seed, rounds, only }: Settings): Stretch[] {
  const kind = ROUND_KINDS.find((each) => each === only) ?? null;
  return only === null || kind !== null ? planRun(seed, rounds, kind) : [];
}

/** Those that were asked for; where no file system may be mounted some are left out by name. */
async function incidentsOf({ only, bug }: Settings, folder: string): Promise<Incident[]> {
  // Incidents know what is right in each step: a bug would only show as their first mismatch.
  if (bug !== undefined) return [];
  const asked = INCIDENTS.filter(({ name }) => [null, 'incidents', name].includes(only));
  const isAble = await canMount(join(folder, 'mount'));
  const skipped = isAble ? [] : asked.filter(({ needsMount }) => needsMount);
  for (const { name } of skipped) console.log(`SKIPPED ${name}: this user may not mount`);
  if (skipped.length > 0 && process.env.CI !== undefined) {
    throw new Error('on CI a machine that may not mount is an error');
  }
  return asked.filter((each) => !skipped.includes(each));
}

/** True when all is as it should be. */
async function main(settings: Settings): Promise<boolean> {
  const { seed, calmChanges, lanes, quiet } = settings;
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'replichart-chaos-'));
  const stretches = stretchesOf(settings);
  const incidents = await incidentsOf(settings, folder);
  const rounds = stretches.reduce((sum, each) => sum + each.rounds.length, 0);
  const clusters = stretches.length + incidents.length;
  console.log(
    `seed ${seed}: ${rounds} rounds, ${incidents.length} incidents, ${clusters} clusters`,
  );
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s`;
  const progress = quiet ? {} : { progress: (line: string) => console.log(`${seconds()} ${line}`) };
  const more = settings.bug === undefined ? progress : { ...progress, bug: settings.bug };
  const figures = await runChaos({
    seed,
    stretches,
    incidents,
    calmChanges,
    lanes,
    folder,
    ...more,
  });
  for (const line of linesOf(figures)) console.log(line);
  const wrong = wrongsOf(figures);
  for (const line of wrong.slice(0, 50)) console.log(`WRONG ${line}`);
  const demanded = demandedOf(figures, demandsOf(settings));
  for (const { text, isMet } of demanded) console.log(isMet ? text : `MISSED ${text}`);
  const { lost, diverged, violations, faults } = figures;
  console.log(`${violations.length} other violations, ${faults.length} faults of processes`);
  console.log(`${seconds()} on a machine with load ${loadavg()[0]?.toFixed(1)}, seed ${seed}`);
  console.log(`${lost.length} lost, ${diverged.length} diverged`);
  const isGood = wrong.length === 0 && demanded.every(({ isMet }) => isMet);
  if (wrong.length === 0) await rm(folder, { recursive: true, force: true });
  else console.log(`the logs and stores of the nodes are kept in ${folder}`);
  return isGood;
}

const settings = settingsOf(process.argv.slice(2));
if (settings.help) console.log(HELP);
else process.exitCode = (await main(settings)) ? 0 : 1;
