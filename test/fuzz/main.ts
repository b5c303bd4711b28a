/**
 * `npm run check:fuzz`: everything that reads what others wrote, fed with changed real bytes. Exit
 * code 0 only without a finding, and with every seeded bug found.
 */
import { checkArguments, choiceArgument, countArgument } from '../support/check-arguments.js';
import { BUGS } from './bugs.js';
import { checkFuzz, huntFuzzBug } from './check.js';
import { type Found, GROWTH_MIB_MAX } from './fuzz.js';
import { CPU_MS_MAX } from './meter.js';
import { tryProcesses } from './processes.js';

const HELP = `npm run check:fuzz -- [options]

Records what real masters and slaves say to each other, changes it (bytes, fields, JSON, under
checksums that hold again), and feeds it to the frame decoder, the framing, the handshake, the
message fields, the transfer receiver, a running master and slave, the codec, the reader of JSON
files, the layers, the argument parser, and the command in real processes.

  --seed TEXT      of all inputs (default: the time)
  --frames N       inputs that are frames (default: 2100000)
  --documents N    inputs that are documents or arguments (default: 220000)
  --processes N    runs of the real command (default: 24)
  --target NAME    only this target; with --input N only this input of it
  --bug NAME       with a seeded bug: ${Object.keys(BUGS).join(', ')}
  --help           this text

A finding is printed as base64 with target, number and seed. Recorded ids differ from run to run, so
an input made of frames is the same only as printed.`;

const HUNT_INPUTS = 60_000;
const SHOWN_BYTES_MAX = 3000;

const values = checkArguments(
  {
    seed: { type: 'string' },
    frames: { type: 'string', default: '2100000' },
    documents: { type: 'string', default: '220000' },
    processes: { type: 'string', default: '24' },
    target: { type: 'string' },
    input: { type: 'string' },
    bug: { type: 'string' },
  },
  HELP,
);
const seed = typeof values.seed === 'string' ? values.seed : String(Date.now());
const frames = countArgument(values, 'frames', 1, HELP);
const documents = countArgument(values, 'documents', 1, HELP);
const processes = countArgument(values, 'processes', 0, HELP);
const input = values.input === undefined ? undefined : countArgument(values, 'input', 0, HELP);
const bug = choiceArgument(values, 'bug', Object.keys(BUGS), HELP);
const target = typeof values.target === 'string' ? values.target : undefined;

const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${seconds.padStart(4)} s  ${line}`);
};

function tell({ target: name, number, what, input: bytes }: Found): void {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES_MAX)).toString('base64');
  const cut = bytes.length > SHOWN_BYTES_MAX ? ` (first ${SHOWN_BYTES_MAX} bytes)` : '';
  console.log(`FOUND ${name}, input ${number} of seed ${seed}, ${bytes.length} bytes: ${what}`);
  console.log(`base64${cut}: ${shown}`);
}

async function hunt(): Promise<number> {
  let found = 0;
  for (const name of Object.keys(BUGS)) {
    const first = await huntFuzzBug(name, seed, HUNT_INPUTS);
    if (first !== null) found += 1;
    const what = first?.what.split('\n')[0];
    say(first === null ? `LIVES  ${name}` : `found  ${name} at input ${first.number}: ${what}`);
  }
  return found;
}

async function check(): Promise<boolean> {
  const findings: Found[] = [];
  const found = (each: Found): void => {
    findings.push(each);
    tell(each);
  };
  const options = { seed, frames, documents, target, input, say, found };
  const figures = await checkFuzz(options);
  const isWhole = target === undefined;
  const wrong = isWhole ? await tryProcesses(seed, processes) : [];
  for (const line of wrong) console.log(`FOUND ${line}`);
  if (isWhole) say(`${processes} real processes, ${wrong.length} refused badly`);
  const killed = isWhole ? await hunt() : 0;
  const bugs = Object.keys(BUGS).length;
  const worst = Math.max(...figures.targets.map(({ worstMs }) => worstMs));
  const grew = Math.max(...figures.targets.map(({ growthMiB }) => growthMiB));
  if (isWhole) console.log(`seeded bugs ${killed}/${bugs} found`);
  console.log(`dearest input ${worst.toFixed(1)} ms, allowed ${CPU_MS_MAX} ms per 64 KiB`);
  console.log(`memory grew by at most ${grew.toFixed(1)} MiB, allowed ${GROWTH_MIB_MAX} MiB`);
  const [frameCount, documentCount] = [figures.frames, figures.documents];
  const sum = findings.length + wrong.length;
  console.log(
    `${frameCount.toLocaleString('en')} frames, ${documentCount.toLocaleString('en')} documents, ` +
      `${sum} findings`,
  );
  return sum === 0 && (!isWhole || killed === bugs);
}

async function checkBug(name: string): Promise<boolean> {
  const first = await huntFuzzBug(name, seed, HUNT_INPUTS);
  if (first !== null) tell(first);
  console.log(first === null ? `LIVES  ${name}` : '1 findings');
  return first === null;
}

// The recorded talk and the running pair wait on timers that keep no process alive.
const alive = setInterval(() => undefined, 1000);
try {
  console.log(`seed ${seed}`);
  const isGood = bug === undefined ? await check() : await checkBug(bug);
  process.exitCode = isGood ? 0 : 1;
} finally {
  clearInterval(alive);
}
