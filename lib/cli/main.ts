#!/usr/bin/env node
/** The executable `replichart`. */
import { EXIT } from './exit-codes.js';
import { runProgram } from './program.js';

// A reader that went away (`| head`) is no failure of ours; nothing more can be told to it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done);
    throw error;
  });
}

process.exitCode = await runProgram(process.argv.slice(2), process);
if (process.connected) process.disconnect();
