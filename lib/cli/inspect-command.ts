/** `replichart inspect`: a page for nodes of other processes, which connect to it. */
import { type Command, Option } from 'commander';
import type { EntryFeed } from '../inspector/feed.js';
import { systemClock } from '../runtime/clock.js';
import { countText } from '../runtime/quantities.js';
import { startLifetime } from './lifetime.js';
import { makeOutput, type Output, type Streams } from './output.js';
import { readSecret } from './secret-file.js';
import { type Address, parseListenAddress, parsePath } from './values.js';
import { INSPECTOR_PORT } from './watching.js';

const LISTEN = `127.0.0.1:${INSPECTOR_PORT}`;
const COUNT_MS = 500;

interface InspectCommandOptions {
  readonly listen: Address;
  readonly record?: string;
  readonly tokenFile?: string;
  readonly insecure?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  replichart inspect
  replichart inspect --listen 127.0.0.1:7600 --record run.jsonl --token-file /etc/app/token
  REPLICHART_INSPECTOR='http://127.0.0.1:7500/#token=...' replichart slave --connect ...

Open the printed link in a browser, and give it to the nodes: as --inspector or
REPLICHART_INSPECTOR to the commands, as the option "inspector" to createMaster and createSlave.
Without --token-file each start makes a token of its own, and the links given before end.`;

/** Adds the command to the program. */
export function addInspectCommand(program: Command, streams: Streams): void {
  const listen = new Option('--listen [host:port]', 'where the page and its nodes connect to')
    .argParser(parseListenAddress)
    .preset(LISTEN)
    .default(parseListenAddress(LISTEN), LISTEN);
  program
    .command('inspect')
    .summary('show nodes of other processes on a page')
    .description('Serves a page on which the masters and slaves that connect to it can be watched.')
    .addOption(listen)
    .option('--record <file>', 'write what happens here, for "replichart replay"', parsePath)
    .option(
      '--token-file <file>',
      'the token of the link: 22 or more of A-Z a-z 0-9 _ -',
      parsePath,
    )
    .option('--insecure', 'listen beyond this host, over a network that is trusted')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action((options: InspectCommandOptions) => runInspect(options, streams));
}

async function runInspect(options: InspectCommandOptions, streams: Streams): Promise<void> {
  const output = makeOutput(streams, options.json === true);
  const lifetime = startLifetime();
  // The page itself keeps no process alive; here it is all that the process is for.
  const release = systemClock.hold?.();
  try {
    const token = await readSecret(options.tokenFile, '--token-file');
    const { createInspector } = await import('../inspector/create-inspector.js');
    await using inspector = createInspector({
      ...options.listen,
      ...(token === undefined ? {} : { token }),
      ...(options.record === undefined ? {} : { record: options.record }),
      ...(options.insecure === true ? { insecure: true } : {}),
      print: (line) => {
        if (!line.includes('#token=')) output.problem('inspector', line);
      },
    });
    const { link } = await inspector.start();
    output.event('inspector', `inspector at ${link}`, { link });
    const timer = setInterval(countNodes(inspector.feed, output), COUNT_MS);
    await lifetime.over.finally(() => clearInterval(timer));
    output.event('stopped', 'stopped');
  } finally {
    release?.();
    lifetime.release();
  }
}

/** Says how many nodes there are, whenever that changes. */
function countNodes(feed: EntryFeed, output: Output): () => void {
  let last = '';
  return () => {
    const roles = [...feed.nodes().values()].map(({ entry }) => entry.role);
    const count = (role: string): number => roles.filter((each) => each === role).length;
    const [masters, slaves] = [count('master'), count('slave')];
    const text = `${countText(masters, 'master')} and ${countText(slaves, 'slave')}`;
    if (text === last || (last === '' && roles.length === 0)) return;
    last = text;
    output.event('nodes', text, { masters, slaves });
  };
}
