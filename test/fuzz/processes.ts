/** The real command in processes of its own, given arguments and files it has to refuse. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { packageRoot } from '../support/package-root.js';
import { outputOf, runCommand } from '../support/run-command.js';
import { mutate, pick } from './mutate.js';

const DEADLINE_MS = 30_000;
const COMMAND = join(packageRoot, 'dist/lib/cli/main.js');

const WRONG: ReadonlyArray<readonly string[]> = [
  ['--no-such-option'],
  ['master'],
  ['master', 'no-such-file.json', '--listen', '127.0.0.1:0'],
  ['master', 'x.json', '--listen', '0.0.0.0:0'],
  ['master', 'x.json', '--listen', 'nowhere'],
  ['master', 'x.json', '--heartbeat', '0'],
  ['slave', '--connect', '127.0.0.1:0', '--out', 'o.json'],
  ['slave', '--connect', '[::1', '--out', 'o.json'],
  ['slave', '--out', 'o.json'],
  ['status'],
  ['status', '--connect', ':'],
  ['no-such-command'],
  ['--__proto__'],
];

/** A changed file that is no JSON any more, for a master to refuse at its start. */
function brokenJson(random: Random): Uint8Array {
  const source = new TextEncoder().encode('{"theme":"dark","list":[1,2,{"deep":null}]}');
  for (;;) {
    const changed = mutate(source, source, random);
    try {
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(changed));
    } catch {
      return changed;
    }
  }
}

/** @returns what was wrong with how the command refused; empty when all was well */
export async function tryProcesses(seed: string, count: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-fuzz-'));
  const wrong: string[] = [];
  try {
    for (let number = 0; number < count; number += 1) {
      const random = seededRandom(seed, `process ${number}`);
      const file = join(folder, 'broken.json');
      await writeFile(file, brokenJson(random));
      const isFile = random() < 0.4;
      const args = isFile ? ['master', file, '--listen', '127.0.0.1:0'] : pick(WRONG, random);
      const result = await runCommand(process.execPath, [COMMAND, ...args], {
        deadlineMs: DEADLINE_MS,
        cwd: folder,
      });
      const isRefused = result.code === 1 || result.code === 2;
      const isClean = !/\n\s+at /.test(result.stderr) && !result.stderr.includes('defect');
      if (isRefused && isClean && !result.timedOut) continue;
      wrong.push(`process ${number}, ${JSON.stringify(args)}: ${outputOf(result)}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return wrong;
}
