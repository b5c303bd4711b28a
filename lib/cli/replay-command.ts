/** `replichart replay`: a recording on the page, or its events fed to the machines again. */
import type { Command } from 'commander';
import { ReplicationError } from '../errors.js';
import type { Difference } from '../inspector/recording/replay-recording.js';
import { linkText } from '../inspector/remote/link.js';
import { systemClock } from '../runtime/clock.js';
import { countText } from '../runtime/quantities.js';
import { startLifetime } from './lifetime.js';
import { makeOutput, type Output, type Streams } from './output.js';
import { parsePath } from './values.js';
import { parsePort } from './watching.js';

const DIFFERENCES_SHOWN = 10;
const VALUE_LENGTH = 200;

interface ReplayCommandOptions {
  readonly port: number;
  readonly check?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  replichart replay run.jsonl
  replichart replay run.jsonl --check

Recordings are written by --record of "replichart master", "slave" and "inspect". With --check
nothing is served: each recorded event is given to the statecharts of this version, and where they
end up elsewhere than recorded is printed; the exit code is 1 then. A recording of
"replichart inspect" may have gaps, which are counted; those of a node itself have none.`;

/** Adds the command to the program. */
export function addReplayCommand(program: Command, streams: Streams): void {
  program
    .command('replay')
    .summary('open a recording, or check it')
    .description('Opens a recording on the page, or feeds it to the statecharts again.')
    .argument('<file>', 'the recording', parsePath)
    .option('--port <port>', 'of the page; 0 takes any that is free', parsePort, 0)
    .option('--check', 'compare what the statecharts do with what is recorded, and end')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action((path: string, options: ReplayCommandOptions) => runReplay(path, options, streams));
}

async function runReplay(
  path: string,
  options: ReplayCommandOptions,
  streams: Streams,
): Promise<void> {
  const output = makeOutput(streams, options.json === true);
  if (options.check === true) await check(path, output);
  else await serve(path, options.port, output);
}

async function check(path: string, output: Output): Promise<void> {
  const { openRecording } = await import('../inspector/recording/open-recording.js');
  const { replayRecording } = await import('../inspector/recording/replay-recording.js');
  const damagedTail = ({ message }: Error): void => {
    output.problem('damaged', `the last line is not whole, and is left out: ${message}`);
  };
  const result = await replayRecording(openRecording(path, { damagedTail }));
  const { differences, steps, actors, left, unknown, changedMachines } = result;
  if (left > 0) output.problem('gaps', `the recording lacks ${countText(left, 'step')}`, { left });
  if (unknown.length > 0) {
    const text = `not compared, of machines that are not of this package: ${unknown.join(', ')}`;
    output.problem('unknown', text, { unknown });
  }
  if (changedMachines.length > 0) {
    const text = `drawn otherwise when it was recorded: ${changedMachines.join(', ')}`;
    output.problem('machines', text, { machines: changedMachines });
  }
  const on = `${countText(steps, 'step')} of ${countText(actors, 'actor')}`;
  for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) tell(difference, output);
  if (differences.length > 0) {
    const message = `${countText(differences.length, 'actor')} went another way, of ${on}`;
    throw new ReplicationError('CORRUPT', `${path}: ${message}`);
  }
  if (steps === 0) {
    const message = `${path}: it holds no step that could be compared; record while nodes run`;
    throw new ReplicationError('CORRUPT', message);
  }
  output.event('same', `${on}: the statecharts do what is recorded`, { steps, actors });
}

function tell(difference: Difference, output: Output): void {
  const { line, name, event, what, path = '', recorded, made } = difference;
  const where = path === '' ? what : `${what} ${path}`;
  const values = `recorded ${shown(recorded)}, now ${shown(made)}`;
  const text = `line ${line}: ${name}, at ${event.type}: ${where} differs: ${values}`;
  output.problem('difference', text, { line, name, type: event.type, what, path });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, VALUE_LENGTH);
}

async function serve(path: string, port: number, output: Output): Promise<void> {
  const { openRecording } = await import('../inspector/recording/open-recording.js');
  const { InspectorServer } = await import('../inspector/server/server.js');
  const { newToken } = await import('../inspector/server/token.js');
  // Refused at once, and not by an empty page.
  for await (const _ of openRecording(path)) break;
  const lifetime = startLifetime();
  // The page keeps no process alive; here it is all that the process is for.
  const release = systemClock.hold?.();
  const token = newToken();
  const server = new InspectorServer({
    host: '127.0.0.1',
    port,
    source: { kind: 'recording', path },
    token,
    report: (text) => output.problem('inspector', text),
  });
  try {
    await server.start();
    const link = linkText(server.address, token);
    output.event('inspector', `${path} at ${link}`, { link, path });
    await lifetime.over;
    output.event('stopped', 'stopped');
  } finally {
    await server.stop();
    release?.();
    lifetime.release();
  }
}
