/** `replichart status`: who is at which version, and why not further. */
import type { Command } from 'commander';
import { nanoid } from 'nanoid';
import { ReplicationError } from '../errors.js';
import { document } from '../layers/document/document.js';
import type { DocumentSlaveData } from '../layers/document/slave.js';
import { createSlave, type Slave } from '../slave.js';
import { tcpConnect } from '../transports/tcp/connect.js';
import {
  addCredentialOptions,
  type CredentialOptions,
  certifiedId,
  readCredentials,
} from './credentials.js';
import { startLifetime } from './lifetime.js';
import { makeOutput, type Output, paintFor, type Streams } from './output.js';
import { type StatusReport, statusItem } from './status-report.js';
import { renderStatus, statusRows } from './status-table.js';
import {
  type Address,
  addressText,
  parseConnectAddress,
  parseMilliseconds,
  parseName,
} from './values.js';

const TIMEOUT_MS = 5000;
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

interface StatusCommandOptions extends CredentialOptions {
  readonly connect: Address;
  readonly item: string;
  readonly watch?: boolean;
  readonly timeout: number;
  readonly json?: boolean;
}

type Viewer = Slave<DocumentSlaveData<StatusReport | undefined>>;

const EXAMPLES = `
Examples:
  replichart status --connect 127.0.0.1:7400
  replichart status --connect 127.0.0.1:7400 --watch
  replichart status --connect 127.0.0.1:7400 --json | jq '.rows[] | select(.severity != "good")'

LAG is in versions, HEARD is the time since the master heard of the slave, REASON says why a node is
not where its master is. "aborted" is the last two-phase change that was not made, with the slaves
that refused it and why. With relays, "below" counts the nodes of the whole tree, and those that are
behind below relays are listed with the relays between.`;

/** Adds the command to the program. */
export function addStatusCommand(program: Command, streams: Streams): void {
  const command = program
    .command('status')
    .summary('show which slave is at which version, and why')
    .description('Asks a master started by "replichart master" how it and its slaves stand.')
    .requiredOption('--connect <host:port>', 'where the master listens', parseConnectAddress)
    .option('--item <name>', 'name of the replicated data set', parseName, 'data')
    .option('--watch', 'go on and show every change')
    .option('--timeout <ms>', 'give up after this long', parseMilliseconds, TIMEOUT_MS)
    .option('--json', 'print the report as JSON, one line each with --watch');
  addCredentialOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: StatusCommandOptions) => runStatus(options, streams));
}

async function runStatus(options: StatusCommandOptions, streams: Streams): Promise<void> {
  const output = makeOutput(streams, options.json === true);
  const lifetime = startLifetime();
  try {
    const credentials = await readCredentials('slave', options);
    const certified = certifiedId(credentials);
    const viewer: Viewer = createSlave({
      item: statusItem(options.item),
      id: `${certified === null ? '' : `${certified}/`}status-${nanoid()}`,
      data: document<StatusReport>(),
      transport: tcpConnect({ ...options.connect, ...credentials }),
    });
    const troubles: string[] = [];
    viewer.on('trouble', ({ reason }) => troubles.push(reason));
    try {
      await viewer.start({ signal: lifetime.signal });
      const first = await firstReport(viewer, options, lifetime.signal, troubles);
      show(first, options, output, streams);
      if (options.watch === true) await watch(viewer, options, output, streams, lifetime.over);
    } finally {
      await viewer.stop();
    }
  } catch (thrown) {
    // Interrupted while waiting: that is what was asked for.
    if (!lifetime.signal.aborted) throw thrown;
  } finally {
    lifetime.release();
  }
}

async function firstReport(
  viewer: Viewer,
  { connect, timeout, item }: StatusCommandOptions,
  signal: AbortSignal,
  troubles: readonly string[],
): Promise<StatusReport> {
  try {
    await viewer.current({ timeout, signal });
  } catch (thrown) {
    const where = addressText(connect);
    const refused = viewer.status.problem?.reason ?? troubles.at(-1);
    const nobody = `no "replichart master" answers there for the item "${item}"`;
    const hint = `${nobody}; check --connect and --item`;
    const message = `no status from ${where} within ${timeout} ms: ${refused ?? hint}`;
    throw new ReplicationError('TIMEOUT', message, { cause: thrown });
  }
  return reportOf(viewer);
}

/** @throws {ReplicationError} PROTOCOL when the master is of a version that reports otherwise */
function reportOf(viewer: Viewer): StatusReport {
  const report = viewer.data.get();
  if (report?.format === 1) return report;
  const message = 'the master reports its status in another format: use the same version of both';
  throw new ReplicationError('PROTOCOL', message);
}

function show(
  report: StatusReport,
  { json, watch: watching }: StatusCommandOptions,
  output: Output,
  streams: Streams,
): void {
  const { stdout } = streams;
  const rows = statusRows(report, Date.now());
  if (json === true) {
    output.raw(`${JSON.stringify({ ...report, rows }, null, watching === true ? 0 : 2)}\n`);
    return;
  }
  // Some terminals say 0 columns.
  const width = stdout.isTTY === true && stdout.columns ? { width: stdout.columns } : {};
  const text = renderStatus(report, rows, { ...width, paint: paintFor(streams) });
  const clear = watching === true && stdout.isTTY === true;
  const gap = watching === true && !clear ? '\n' : '';
  output.raw(`${clear ? CLEAR_SCREEN : ''}${text}${gap}`);
}

async function watch(
  viewer: Viewer,
  options: StatusCommandOptions,
  output: Output,
  streams: Streams,
  over: Promise<void>,
): Promise<void> {
  const unsubscribe = viewer.data.subscribe(() => show(reportOf(viewer), options, output, streams));
  const where = addressText(options.connect);
  let link = viewer.status.link;
  const off = viewer.on('status', (status) => {
    if (status.link === link) return;
    link = status.link;
    if (link === 'stale') output.problem('stale', `no word from ${where}: the above is old`);
  });
  try {
    await over;
  } finally {
    unsubscribe();
    off();
  }
}
