/** `replichart master`: replicates a JSON file and follows its edits. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ReplicationError, reasonOf } from '../errors.js';
import { document } from '../layers/document/document.js';
import type { DocumentMasterData } from '../layers/document/master.js';
import { createMaster, type Master } from '../master.js';
import { bytesText } from '../runtime/quantities.js';
import { diskStore } from '../stores/disk.js';
import { isLoopback } from '../transports/addresses.js';
import { type TcpMasterTransport, tcpListen } from '../transports/tcp/listen.js';
import {
  addCredentialOptions,
  type CredentialOptions,
  type Credentials,
  followCredentials,
  readCredentials,
} from './credentials.js';
import { everyConnected } from './every-connected.js';
import { FileFollower } from './follow-file.js';
import { type Lifetime, startLifetime } from './lifetime.js';
import { makeOutput, type Output, type Streams } from './output.js';
import { parseJson } from './parse-json.js';
import { RepeatedTroubles, troubleText } from './repeated-troubles.js';
import { Replicator } from './replicator.js';
import { StatusBoard } from './status-board.js';
import { makeReport } from './status-report.js';
import {
  type Address,
  addressText,
  parseListenAddress,
  parseMilliseconds,
  parseName,
  parsePath,
} from './values.js';
import { addWatchOptions, startWatching, type Watching, type WatchOptions } from './watching.js';

const HEARTBEAT_MS = 1000;
/** Longer than the library's: validators are processes that have to start. */
const VOTE_TIMEOUT_MS = 10_000;

export interface MasterCommandOptions extends WatchOptions, CredentialOptions {
  readonly listen: Address;
  readonly twoPhase?: boolean;
  readonly store?: string;
  readonly item: string;
  readonly id: string;
  readonly heartbeat: number;
  readonly voteTimeout: number;
  readonly insecure?: boolean;
  readonly json?: boolean;
}

type FileMaster = Master<DocumentMasterData<unknown>>;

const EXAMPLES = `
Examples:
  replichart master settings.json --listen 127.0.0.1:7400
  replichart master routes.json --listen 0.0.0.0:7400 --two-phase --store /var/lib/app/master \\
      --secret-file /etc/app/secret

Save the file as usual; each valid state of it is replicated. With --two-phase a change is made on
all connected slaves or on none: one that refuses it is named with its reason, here and in
"replichart status". Without --store the slaves get a whole copy again after the master restarts.`;

/** Adds the command to the program. */
export function addMasterCommand(program: Command, streams: Streams): void {
  const command = program
    .command('master')
    .summary('replicate a JSON file and follow its edits')
    .description('Replicates a JSON file to all slaves that connect, and follows its edits.')
    .argument('<file>', 'the JSON file', parsePath)
    .requiredOption('--listen <host:port>', 'where slaves connect to', parseListenAddress)
    .option('--two-phase', 'make each change on all slaves or on none')
    .option('--store <folder>', 'keep versions and protocol state here', parsePath)
    .option('--item <name>', 'name of the replicated data set', parseName, 'data')
    .option('--id <name>', 'name of this master in messages', parseName, 'master')
    .option('--heartbeat <ms>', 'time between heartbeats', parseMilliseconds, HEARTBEAT_MS)
    .option(
      '--vote-timeout <ms>',
      'abort a two-phase change that lacks votes after this long',
      parseMilliseconds,
      VOTE_TIMEOUT_MS,
    )
    .option('--insecure', 'listen beyond this host without a secret or TLS')
    .option('--json', 'print one JSON object per line');
  addWatchOptions(addCredentialOptions(command))
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: MasterCommandOptions) => runMaster(file, options, streams));
}

/** Runs until it is asked to stop or can do no more. */
export async function runMaster(
  path: string,
  options: MasterCommandOptions,
  streams: Streams,
): Promise<void> {
  const output = makeOutput(streams, options.json === true);
  const lifetime = startLifetime();
  let watching: Watching | null = null;
  try {
    const credentials = await readCredentials('master', options);
    refuseOpenNetwork(options, credentials);
    const initial = await readInitial(path);
    const transport = tcpListen({
      ...options.listen,
      ...credentials,
      ...(options.insecure === true ? { insecure: true } : {}),
    });
    watching = await startWatching(options, output);
    const master = createMaster({
      item: options.item,
      id: options.id,
      data: document<unknown>(initial.value),
      transport,
      heartbeat: options.heartbeat,
      voteTimeout: options.voteTimeout,
      participants: everyConnected,
      ...watching.node,
      ...(options.store === undefined ? {} : { store: diskStore(options.store) }),
    });
    const unfollow = followCredentials('master', options, credentials, transport, output);
    try {
      await master.start({ signal: lifetime.signal });
      tellStart(output, path, initial.bytes, master, transport);
      await follow(path, options, master, transport, output, lifetime);
    } finally {
      unfollow();
      await master.stop();
    }
    output.event('stopped', 'stopped');
  } finally {
    await watching?.stop();
    lifetime.release();
  }
}

/** The transport refuses it, too; this says it in the command's words. */
function refuseOpenNetwork(
  { listen, insecure }: MasterCommandOptions,
  { secret, tls }: Credentials,
): void {
  if (secret !== undefined || tls !== undefined || insecure === true || isLoopback(listen.host))
    return;
  const message =
    `--listen ${addressText(listen)} would let anyone who reaches it read and join: give ` +
    '--secret-file or --tls-cert, listen on 127.0.0.1, or add --insecure if the network is trusted';
  throw new ReplicationError('INVALID_OPTION', message);
}

/** The file as it is at the start must be usable: a misspelt name shall not wait for ever. */
async function readInitial(path: string): Promise<{ value: unknown; bytes: number }> {
  const bytes = await readFile(path).catch((thrown: unknown) => {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? 'it does not exist' : reasonOf(thrown);
    throw new ReplicationError('INVALID_OPTION', `cannot read ${path}: ${why}`, { cause: thrown });
  });
  const parsed = parseJson(bytes);
  if ('value' in parsed) return { value: parsed.value, bytes: bytes.length };
  throw new ReplicationError('INVALID_OPTION', `cannot use ${path}: ${parsed.problem}`);
}

function tellStart(
  output: Output,
  path: string,
  bytes: number,
  master: FileMaster,
  transport: TcpMasterTransport,
): void {
  const version = master.position?.version ?? 0;
  const { address, port } = transport;
  const what = `${path} (${bytesText(bytes)}) at version ${version}`;
  const text = `replicating ${what}, listening on ${address}`;
  output.event('listening', text, { address, port, item: master.item, version, path, bytes });
}

async function follow(
  path: string,
  options: MasterCommandOptions,
  master: FileMaster,
  transport: TcpMasterTransport,
  output: Output,
  lifetime: Lifetime,
): Promise<void> {
  const method = options.twoPhase === true ? 'two-phase' : 'one-phase';
  const touched = (): void => board.touch();
  const replicator = new Replicator({
    master,
    path,
    method,
    output,
    touched,
    failed: (error) => lifetime.fail(error),
  });
  const board = new StatusBoard({
    item: options.item,
    id: options.id,
    transport,
    heartbeatMs: options.heartbeat,
    report: () =>
      makeReport(master, { method, file: replicator.file, lastAbort: replicator.lastAbort }),
    failed: (error) => output.problem('board', `status not published: ${reasonOf(error)}`),
  });
  const troubles = tellEvents(master, output, lifetime, touched);
  const follower = new FileFollower(path, (state) => replicator.take(state));
  try {
    await board.start();
    follower.start();
    await lifetime.over;
  } finally {
    follower.close();
    troubles.stop();
    await board.stop();
  }
}

/** Slaves that join, leave or have a problem get a line; every event renews the report. */
function tellEvents(
  master: FileMaster,
  output: Output,
  lifetime: Lifetime,
  touched: () => void,
): RepeatedTroubles {
  const seen = new Map<string, string>();
  master.on('slave', (slave) => {
    touched();
    const { id, link, stage, version, lag, problem } = slave;
    const trouble = problem === null ? '' : `, ${problem.code}: ${problem.reason}`;
    const key = `${link}${trouble}`;
    if (seen.get(id) === key) return;
    seen.set(id, key);
    const text = `slave ${id} is ${link}, at version ${version}${trouble}`;
    const fields = { id, link, stage, version, lag, problem };
    if (problem === null) output.event('slave', text, fields);
    else output.problem('slave', text, fields);
  });
  master.on('position', touched);
  master.on('status', ({ state, problem }) => {
    touched();
    if (state !== 'fenced' && state !== 'halted') return;
    const why = problem === null ? '' : `: ${problem.reason}`;
    const code = state === 'fenced' ? 'FENCED' : 'STORE_FAILED';
    lifetime.fail(new ReplicationError(code, `the master is ${state}${why}`));
  });
  const troubles = new RepeatedTroubles((trouble, count) => {
    output.problem('trouble', troubleText(trouble, count), { ...trouble, count });
  });
  master.on('trouble', (trouble) => troubles.note(trouble));
  return troubles;
}
