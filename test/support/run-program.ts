import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './run-command.js';

/** Runs a compiled program in an empty folder of its own, which is removed afterwards. */
export async function runProgram(
  file: string,
  deadlineMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const cwd = mkdtempSync(join(tmpdir(), 'replichart-program-'));
  try {
    return await runCommand(process.execPath, [file], { deadlineMs, cwd, env });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
