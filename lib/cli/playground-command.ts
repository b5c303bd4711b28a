/** `replichart playground`: a page in which a whole cluster runs. */
import type { Command } from 'commander';
import { systemClock } from '../runtime/clock.js';
import { startLifetime } from './lifetime.js';
import { makeOutput, type Streams } from './output.js';
import { parsePort } from './watching.js';

interface PlaygroundCommandOptions {
  readonly port: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  replichart playground
  replichart playground --port 7600

Everything runs in the browser: the real machines and layers on a simulated network, which can be
slowed down, cut and made to lose messages. This command only hands out the page.`;

/** Adds the command to the program. */
export function addPlaygroundCommand(program: Command, streams: Streams): void {
  program
    .command('playground')
    .summary('try master, slaves and bad networks in the browser')
    .description('Serves a page in which a master, slaves and their network run and can be harmed.')
    .option('--port <port>', 'of the page; 0 takes any that is free', parsePort, 0)
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action((options: PlaygroundCommandOptions) => runPlayground(options, streams));
}

async function runPlayground(
  { port, json }: PlaygroundCommandOptions,
  streams: Streams,
): Promise<void> {
  const output = makeOutput(streams, json === true);
  const lifetime = startLifetime();
  const release = systemClock.hold?.();
  const { InspectorServer } = await import('../inspector/server/server.js');
  const server = new InspectorServer({
    host: '127.0.0.1',
    port,
    // It shows nothing of anybody, so there is nothing to keep from anybody.
    source: null,
    token: null,
    index: 'playground.html',
    report: (text) => output.problem('playground', text),
  });
  try {
    await server.start();
    const link = server.address;
    output.event('playground', `playground at ${link}`, { link });
    await lifetime.over;
    output.event('stopped', 'stopped');
  } finally {
    await server.stop();
    release?.();
    lifetime.release();
  }
}
