/** The command line as a whole. */
import { Command } from 'commander';
import { addDemoCommand } from './demo/demo-command.js';
import { addDemoMasterCommand } from './demo/demo-master.js';
import { EXIT } from './exit-codes.js';
import { reportFailure } from './failure.js';
import { addInspectCommand } from './inspect-command.js';
import { addMasterCommand } from './master-command.js';
import type { Streams } from './output.js';
import { addPlaygroundCommand } from './playground-command.js';
import { addReplayCommand } from './replay-command.js';
import { addSlaveCommand } from './slave-command.js';
import { addStatusCommand } from './status-command.js';
import { packageVersion } from './version.js';

const HELP = `
Exit codes:
  0    done, or stopped by SIGINT or SIGTERM as asked
  1    failed; the last line of stderr says why
  2    the command line is wrong; nothing was started
  130  interrupted before it was done

Environment:
  NO_COLOR              print without colours
  REPLICHART_DEBUG      print stack traces of failures
  REPLICHART_INSPECTOR  the link of --inspector, out of sight of other users

Examples:
  replichart demo
  replichart master settings.json --listen 127.0.0.1:7400
  replichart slave --connect 127.0.0.1:7400 --out copy.json
  replichart status --connect 127.0.0.1:7400
  replichart inspect`;

/** The program, before it is given arguments. */
export function makeProgram(streams: Streams): Command {
  const program = new Command('replichart')
    .description(
      'Keeps copies of one JSON file in other processes: now, or all at once or not at all.',
    )
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'replichart: ')),
    })
    .showHelpAfterError('Run "replichart help" or add --help to a command for its options.')
    .addHelpText('after', HELP);
  addMasterCommand(program, streams);
  addSlaveCommand(program, streams);
  addStatusCommand(program, streams);
  addInspectCommand(program, streams);
  addReplayCommand(program, streams);
  addPlaygroundCommand(program, streams);
  addDemoCommand(program, streams);
  addDemoMasterCommand(program, streams);
  return program;
}

/**
 * Runs one command to its end.
 * @param args what follows the name of the program
 * @returns the exit code, see `EXIT`; it never throws
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  try {
    await makeProgram(streams).parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (thrown) {
    return reportFailure(thrown, streams, args.includes('--json'));
  }
}
