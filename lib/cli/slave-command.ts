/** `replichart slave`: keeps a file equal to the master's, one committed version after another. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Position } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { bytesText } from '../runtime/quantities.js';
import { createSlave, type Slave } from '../slave.js';
import { diskStore } from '../stores/disk.js';
import type { SlaveTransport } from '../transports/contract.js';
import { tcpConnect } from '../transports/tcp/connect.js';
import { CopyFile } from './copy-file.js';
import { CopyLayer } from './copy-layer.js';
import {
  addCredentialOptions,
  type CredentialOptions,
  certifiedId,
  followCredentials,
  readCredentials,
} from './credentials.js';
import { type Lifetime, startLifetime } from './lifetime.js';
import { makeOutput, type Output, type Streams } from './output.js';
import { describeSlave } from './slave-words.js';
import { Validator } from './validator.js';
import {
  type Address,
  addressText,
  parseConnectAddress,
  parseMilliseconds,
  parseName,
  parsePath,
} from './values.js';
import { addWatchOptions, startWatching, type Watching, type WatchOptions } from './watching.js';

const DEFAULT_ITEM = 'data';
const VALIDATE_TIMEOUT_MS = 8000;
/** The vote must be the validator's reason, not the layer's time-out: that one comes later. */
const PREPARE_GRACE_MS = 5000;

export interface SlaveCommandOptions extends WatchOptions, CredentialOptions {
  readonly connect: Address;
  readonly out: string;
  readonly store?: string;
  readonly item: string;
  readonly id?: string;
  readonly validate?: string;
  readonly validateTimeout: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  replichart slave --connect 127.0.0.1:7400 --out copy.json
  replichart slave --connect 10.0.0.5:7400 --out /etc/app/settings.json --store /var/lib/app/copy \\
      --id web-1 --secret-file /etc/app/secret --validate 'node check-settings.mjs'

The validator gets the candidate file's path as its last argument, as $1 and in
REPLICHART_CANDIDATE. A non-zero exit refuses the change; the last line it wrote to stderr is the
reason that the master shows. With --store the last copy is there at once after a restart, master
or no master.`;

/** Adds the command to the program. */
export function addSlaveCommand(program: Command, streams: Streams): void {
  const command = program
    .command('slave')
    .summary('keep a file equal to the master file')
    .description('Connects to a master and writes each committed version to a file, atomically.')
    .requiredOption('--connect <host:port>', 'where the master listens', parseConnectAddress)
    .requiredOption('--out <file>', 'the file to write', parsePath)
    .option('--store <folder>', 'keep the copy and the protocol state here', parsePath)
    .option('--item <name>', 'name of the replicated data set', parseName, DEFAULT_ITEM)
    .option('--id <name>', 'name of this slave, the same after a restart', parseName)
    .option('--validate <command>', 'refuse what this command refuses')
    .option(
      '--validate-timeout <ms>',
      'stop the validator after this long; counts as no',
      parseMilliseconds,
      VALIDATE_TIMEOUT_MS,
    )
    .option('--json', 'print one JSON object per line');
  addWatchOptions(addCredentialOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((options: SlaveCommandOptions) => runSlave(options, streams));
}

/** Runs until it is asked to stop. */
export async function runSlave(options: SlaveCommandOptions, streams: Streams): Promise<void> {
  const output = makeOutput(streams, options.json === true);
  const lifetime = startLifetime();
  let watching: Watching | null = null;
  try {
    const credentials = await readCredentials('slave', options);
    const { connect } = options;
    const transport = tcpConnect({ ...connect, ...credentials });
    watching = await startWatching(options, output);
    const { slave, served } = makeSlave(
      options,
      transport,
      certifiedId(credentials),
      output,
      watching,
    );
    const unfollow = followCredentials('slave', options, credentials, transport, output);
    try {
      report(slave, options, output, lifetime);
      await slave.start({ signal: lifetime.signal });
      served();
      await untilOver(slave, lifetime, output);
    } finally {
      unfollow();
      await slave.stop();
    }
    output.event('stopped', 'stopped');
  } finally {
    await watching?.stop();
    lifetime.release();
  }
}

function makeSlave(
  options: SlaveCommandOptions,
  transport: SlaveTransport,
  certified: string | null,
  output: Output,
  watching: Watching,
): { readonly slave: Slave<CopyLayer>; readonly served: () => void } {
  const { out, validate, validateTimeout, store } = options;
  const file = new CopyFile(out);
  const validator =
    validate === undefined
      ? null
      : new Validator({ command: validate, timeoutMs: validateTimeout });
  let started = false;
  let cached: { readonly position: Position; readonly bytes: number } | null = null;
  const written = (position: Position, bytes: number): void => {
    if (!started) cached = { position, bytes };
    else tellVersion(output, 'version', position, bytes, out);
  };
  const slave = createSlave({
    item: options.item,
    id: options.id ?? certified ?? `${hostname()}:${resolve(out)}`,
    data: new CopyLayer({ file, validator, written }),
    transport,
    prepareTimeout: validateTimeout + PREPARE_GRACE_MS,
    ...watching.node,
    ...(store === undefined ? {} : { store: diskStore(store) }),
  });
  const served = (): void => {
    started = true;
    if (cached !== null) tellVersion(output, 'cached', cached.position, cached.bytes, out);
  };
  return { slave, served };
}

function tellVersion(
  output: Output,
  name: 'version' | 'cached',
  position: Position,
  bytes: number,
  out: string,
): void {
  const { version, digest } = position;
  const how = name === 'cached' ? 'cached copy served, ' : '';
  const what = `${bytesText(bytes)}, digest ${digest.slice(0, 8)}`;
  const text = `${how}version ${version} in ${out} (${what})`;
  output.event(name, text, { version, digest, bytes, out });
}

/** Retries of what fails each second would fill a log; programs get every one. */
class Repeats {
  static readonly #MAX = 100;
  readonly #told = new Set<string>();
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  /** It was said already since the master was last reached. */
  isTold(text: string): boolean {
    if (this.#output.json || this.#told.has(text)) return !this.#output.json;
    if (this.#told.size >= Repeats.#MAX) this.#told.clear();
    this.#told.add(text);
    return false;
  }

  forget(): void {
    this.#told.clear();
  }
}

/** Prints what changes, once each. */
function report(
  slave: Slave<CopyLayer>,
  options: SlaveCommandOptions,
  output: Output,
  lifetime: Lifetime,
): void {
  const where = addressText(options.connect);
  let last = '';
  const repeats = new Repeats(output);
  slave.on('status', (status) => {
    const text = describeSlave(status, where);
    // Its own leaving is no news.
    if (text === last || lifetime.signal.aborted) return;
    last = text;
    if (status.link === 'live') repeats.forget();
    else if (status.summary !== 'failed' && repeats.isTold(text)) return;
    const { link, data, round, problem, summary, target } = status;
    const fields = { link, data, round, problem, summary, target };
    if (problem === null) output.event('status', text, fields);
    else output.problem('status', text, fields);
    if (summary !== 'failed') return;
    // Fail-stop: only a new process may open the store again.
    const why = problem?.reason ?? 'the store failed';
    lifetime.fail(new ReplicationError('STORE_FAILED', `this slave cannot go on: ${why}`));
  });
  slave.on('progress', ({ kind, bytes, chunks }) => {
    output.progress(`receiving a ${kind}: ${bytesText(bytes)}`);
    if (output.json) output.event('progress', `${kind}: ${bytes} bytes`, { kind, bytes, chunks });
  });
  slave.on('reset', ({ from, to }) => {
    const text = `the copy was reset from version ${from.version} to ${to.version}`;
    output.problem('reset', text, { from, to });
  });
  slave.on('trouble', ({ code, reason, heuristic }) => {
    if (slave.status.link !== 'live' && repeats.isTold(`${code}: ${reason}`)) return;
    output.problem('trouble', `${code}: ${reason}`, { code, reason, heuristic });
  });
}

async function untilOver(
  slave: Slave<CopyLayer>,
  lifetime: Lifetime,
  output: Output,
): Promise<void> {
  output.event('started', `slave ${slave.id} is up`, { id: slave.id, item: slave.item });
  await lifetime.over;
}
