/** `replichart demo`: the whole system on real data, in processes of its own, in under a minute. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { ReplicationError, reasonOf } from '../../errors.js';
import type { Inspector } from '../../inspector/create-inspector.js';
import { systemClock } from '../../runtime/clock.js';
import { bytesText, countText, durationText } from '../../runtime/quantities.js';
import { Interrupted } from '../failure.js';
import { type Lifetime, startLifetime } from '../lifetime.js';
import { makeOutput, type Output, type Paint, paintFor, type Streams } from '../output.js';
import { integerBetween, parsePath } from '../values.js';
import { inspectOption, LINK_VARIABLE, startInspector } from '../watching.js';
import { compareCopies } from './compare.js';
import { type DemoInput, demoInput } from './data-set.js';
import { DemoNodes } from './demo-nodes.js';
import { STEPS } from './steps.js';

const SLAVES = 3;
const SLAVES_MAX = 9;
/** Milliseconds after which the demo gives up, whatever hangs. */
const DEADLINE_MS = 57_000;
/** Five processes that tell everything, and a page, on few cores. */
const INSPECTED_DEADLINE_MS = 180_000;

interface DemoOptions {
  readonly slaves: number;
  readonly keep?: boolean;
  readonly inspect?: number;
}

const EXAMPLES = `
Examples:
  replichart demo
  replichart demo settings.json --slaves 5
  replichart demo --inspect

The file is only read. Everything is made in a temporary folder, which is deleted at the end unless
--keep is given. With --inspect the nodes can be watched on a page, and stay up with it until you
interrupt them. Exits with 0 only if each step did what it should and all copies are equal.`;

/** Adds the command to the program. */
export function addDemoCommand(program: Command, streams: Streams): void {
  program
    .command('demo')
    .summary('show everything on real data, in under a minute')
    .description('Starts a master and slaves as processes on real data and shows what they do.')
    .argument('[file]', 'a JSON file; without it a public data set of 20 MB', parsePath)
    .option('--slaves <count>', 'how many slaves', integerBetween(1, SLAVES_MAX), SLAVES)
    .option('--keep', 'keep the folder with the copies')
    .addOption(inspectOption())
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: DemoOptions) => runDemo(file, options, streams));
}

async function runDemo(
  file: string | undefined,
  options: DemoOptions,
  streams: Streams,
): Promise<void> {
  const output = makeOutput(streams, false);
  const lifetime = startLifetime();
  const startedMs = performance.now();
  let inspector: Inspector | null = null;
  try {
    const input = await demoInput(file);
    const { inspect: port } = options;
    if (port !== undefined) inspector = await startInspector(port, undefined, output);
    const link = inspector?.link ?? null;
    const nodes = await DemoNodes.create(link === null ? {} : { [LINK_VARIABLE]: link });
    let finished = false;
    try {
      const deadlineMs = link === null ? DEADLINE_MS : INSPECTED_DEADLINE_MS;
      const work = show(input, nodes, options, output, paintFor(streams));
      await beforeTheEnd(lifetime, work, deadlineMs);
      finished = true;
      if (link !== null) await linger(link, lifetime, output);
    } finally {
      output.raw('');
      await nodes.close(options.keep === true, !finished);
    }
    if (options.keep === true) output.raw(`The copies are kept in ${nodes.folder}\n`);
    const took = durationText(performance.now() - startedMs);
    output.raw(`Done in ${took}: every step did what it should, all copies are equal.\n`);
  } finally {
    await inspector?.stop();
    lifetime.release();
  }
}

/** Everything was shown; the nodes stay for who wants to look at them. */
async function linger(link: string, lifetime: Lifetime, output: Output): Promise<void> {
  output.raw(`\nThe nodes stay up, and their page at ${link}, until you press Ctrl+C.\n`);
  const release = systemClock.hold?.();
  await lifetime.over.finally(release);
}

/** The work, unless the person or the clock ends it first. */
async function beforeTheEnd(
  lifetime: Lifetime,
  work: Promise<void>,
  deadlineMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ReplicationError('TIMEOUT', `the demo did not end within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  const interrupted = lifetime.over.then(() => {
    throw new Interrupted('the demo was interrupted');
  });
  // The work fails once its processes are gone; by then that is no news.
  work.catch(() => undefined);
  try {
    await Promise.race([work, late, interrupted]);
  } finally {
    clearTimeout(timer);
  }
}

async function show(
  input: DemoInput,
  nodes: DemoNodes,
  { slaves }: DemoOptions,
  output: Output,
  paint: Paint,
): Promise<void> {
  output.raw(`Data: ${input.name}, ${bytesText(input.bytes)} of JSON\n`);
  output.progress('starting the master');
  await nodes.startMaster(input.path);
  await nodes.addSlaves(slaves);
  const processes = `${countText(slaves, 'slave')}, each a process with a store on disk`;
  output.raw(`One master (process ${nodes.masterPid}) and ${processes}, over TCP on this host\n`);
  const failed: string[] = [];
  for (const [index, { title, run }] of STEPS.entries()) {
    output.raw(`\n${paint('bold', `${index + 1}. ${title}`)}\n`);
    const progress = (text: string): void => output.progress(`   ${text}`);
    const result = await run({ nodes, progress }).catch((error: unknown) => ({
      ok: false,
      lines: [reasonOf(error)],
    }));
    if (nodes.closed) return;
    for (const line of result.lines) output.raw(`   ${line}\n`);
    output.raw(result.ok ? `   ${paint('green', 'ok')}\n` : `   ${paint('red', 'FAILED')}\n`);
    if (!result.ok) failed.push(title);
    if (!result.ok && index === 0) break;
  }
  const equal =
    failed.length > 0 ? await tryToCompare(nodes, output) : await compare(nodes, output);
  if (failed.length === 0 && equal) return;
  const what = failed.length > 0 ? `failed: ${failed.join('; ')}` : 'the copies are not equal';
  throw new ReplicationError('CORRUPT', `the demo ${what}`);
}

/** After a failed step the table is a help, and need not work. */
async function tryToCompare(nodes: DemoNodes, output: Output): Promise<boolean> {
  try {
    return await compare(nodes, output);
  } catch (error) {
    output.raw(`\nno comparison: ${reasonOf(error)}\n`);
    return false;
  }
}

async function compare(nodes: DemoNodes, output: Output): Promise<boolean> {
  const path = join(nodes.folder, 'master', 'original.json');
  const { version, digest } = await nodes.ask({ do: 'write', path });
  const copies = nodes.slaves.map(({ id, out, version: at, digest: hash }) => ({
    name: id,
    path: out,
    version: at,
    digest: hash,
  }));
  const { equal, table } = await compareCopies({ name: 'master', path, version, digest }, copies);
  output.raw(`\n${table}\n`);
  return equal;
}
