/** How a command's node is watched: on a page of its own, on one elsewhere, or into a file. */
import { type Command, Option } from 'commander';
import type { Inspector } from '../inspector/create-inspector.js';
import type { Output } from './output.js';
import { integerBetween, parsePath } from './values.js';

const PORT_MAX = 65_535;
export const INSPECTOR_PORT = 7500;
/** So that the token is on no command line, which every user of the host sees. */
export const LINK_VARIABLE = 'REPLICHART_INSPECTOR';

export const parsePort = integerBetween(0, PORT_MAX);

export interface WatchOptions {
  readonly inspect?: number;
  readonly inspector?: string;
  readonly record?: string;
}

/** What `createMaster` and `createSlave` are given for it. */
interface NodeOptions {
  readonly inspect?: (event: unknown) => void;
  readonly inspector?: string;
}

export interface Watching {
  readonly node: NodeOptions;
  /** Ends the page and the recording; never rejects. */
  readonly stop: () => Promise<void>;
}

export function inspectOption(): Option {
  return new Option('--inspect [port]', `show it on a page of this host; port ${INSPECTOR_PORT}`)
    .argParser(parsePort)
    .preset(`${INSPECTOR_PORT}`);
}

export function linkOption(): Option {
  return new Option('--inspector <link>', 'show it on the page of this inspector').env(
    LINK_VARIABLE,
  );
}

export function addWatchOptions(command: Command): Command {
  return command
    .addOption(inspectOption())
    .addOption(linkOption())
    .option('--record <file>', 'write what happens here, for "replichart replay"', parsePath);
}

/** The inspector of this process, its page served; says its link. */
export async function startInspector(
  port: number,
  record: string | undefined,
  output: Output,
): Promise<Inspector> {
  const inspector = await makeInspector(port, record, output);
  try {
    const { link } = await inspector.start();
    output.event('inspector', `inspector at ${link}`, { link });
    return inspector;
  } catch (error) {
    await inspector.stop();
    throw error;
  }
}

/** Loaded only where somebody watches. */
async function makeInspector(
  port: number,
  record: string | undefined,
  output: Output,
): Promise<Inspector> {
  const { createInspector } = await import('../inspector/create-inspector.js');
  return createInspector({
    port,
    ...(record === undefined ? {} : { record }),
    print: (line) => {
      // Its link is said by the command, in the command's way.
      if (!line.includes('#token=')) output.problem('inspector', line);
    },
  });
}

/** @throws {ReplicationError} INVALID_OPTION when the page cannot be served */
export async function startWatching(
  { inspect: port, inspector: link, record }: WatchOptions,
  output: Output,
): Promise<Watching> {
  const elsewhere = link === undefined ? {} : { inspector: link };
  if (port === undefined && record === undefined) {
    return { node: elsewhere, stop: async () => undefined };
  }
  const inspector =
    port === undefined
      ? await makeInspector(INSPECTOR_PORT, record, output)
      : await startInspector(port, record, output);
  return {
    node: { ...elsewhere, inspect: inspector.inspect },
    stop: () => inspector.stop(),
  };
}
