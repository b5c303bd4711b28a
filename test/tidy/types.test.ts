/** What the types of the package want of a host's compiler, as docs/guides/embedding.md says. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../support/package-root.js';
import { runCommand } from '../support/run-command.js';

const test = suite('types of the package');

const COMPILE_DEADLINE_MS = 110_000;
const PROGRAM = `
import { createMaster, document } from 'replichart';
import { memoryNetwork } from 'replichart/transports/memory';

const transport = memoryNetwork().listen();
await using master = createMaster({ item: 'x', data: document({ a: 1 }), transport });
await master.start();
export const version: number = (await master.data.set({ a: 2 })).version;
`;

let folder = '';

/** A host's project, with the package and the types of Node to choose. */
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'replichart-types-'));
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(packageRoot, join(folder, 'node_modules/replichart'));
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(join(packageRoot, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler holds against it. */
async function complaints(lib: string, types: string): Promise<string[]> {
  const tsc = join(packageRoot, 'node_modules/.bin/tsc');
  const module = ['--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
  const args = ['--noEmit', '--strict', ...module, '--lib', lib, '--types', types, 'program.ts'];
  const options = { cwd: folder, deadlineMs: COMPILE_DEADLINE_MS };
  const { code, stdout } = await runCommand(tsc, args, options);
  const lines = stdout.split('\n').filter((line) => line.includes('error TS'));
  assert.is(code === 0, lines.length === 0, stdout);
  return lines;
}

test('`await using` compiles with the types of Node, or with lib "esnext.disposable"', async () => {
  assert.equal(await complaints('es2022', 'node'), []);
  assert.equal(await complaints('es2022,dom,esnext.disposable', ''), []);
});

test('without either the compiler names what is missing', async () => {
  assert.match((await complaints('es2022,dom', '')).join('\n'), 'AsyncDisposable');
});

test.run();
