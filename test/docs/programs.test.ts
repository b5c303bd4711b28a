/** Everything in the documentation that looks like a program compiles and runs. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  compiledProgram,
  compilePrograms,
  type DocProgram,
  programsOf,
  uncheckedBlocks,
} from '../support/doc-programs.js';
import { type NatsServer, natsServerMissing, startNatsServer } from '../support/nats-server.js';
import { packageRoot } from '../support/package-root.js';
import { type CommandResult, outputOf } from '../support/run-command.js';
import { runProgram } from '../support/run-program.js';
import { pages, type Source } from '../support/sources.js';

const test = suite('programs in the docs');

const PROGRAM_DEADLINE_MS = 100_000;
const EXAMPLES = 'docs/examples';

const page = (text: string): Source => ({ path: 'docs/page.md', text });

test('blocks begin, continue and keep their lines', () => {
  const text = ['# T', '```ts', 'const a = 1;', '```', 'and', '```ts continued', 'a;', '```'];
  const [program, ...more] = programsOf(page(text.join('\n')));
  assert.is(more.length, 0);
  assert.equal(program?.text.split('\n').slice(0, 7), ['', '', 'const a = 1;', '', '', '', 'a;']);
  assert.is(program?.name, 'docs-page-line-2');
});

test('code under another name is found out', () => {
  const text = '```typescript\nx\n```\n```js\nx\n```\n```sh\nx\n```\n```ts no-check\nx\n```';
  assert.is(uncheckedBlocks(page(text)).length, 3);
  assert.throws(() => programsOf(page('```ts continued\nx\n```')), /continues nothing/);
});

test('every block of code is one that these tests run', () => {
  assert.equal(pages().flatMap(uncheckedBlocks), []);
});

const programs: DocProgram[] = existsSync(join(packageRoot, 'README.md'))
  ? pages().flatMap(programsOf)
  : [];
let compiled: Promise<CommandResult> | undefined;

test('README.md shows a program, and all programs compile', async () => {
  assert.ok(programs.some((program) => program.page === 'README.md'));
  compiled = compilePrograms(programs);
  const result = await compiled;
  assert.is(result.code, 0, outputOf(result));
});

/** A program that connects to NATS finds a server of ours at $NATS_URL, with JetStream. */
const wantsNats = ({ text }: DocProgram) => text.includes('NATS_URL');
const natsMissing = programs.some(wantsNats) ? natsServerMissing() : null;
let natsServer: Promise<NatsServer> | undefined;

for (const program of programs) {
  const title = `${program.page}:${program.line} runs`;
  if (wantsNats(program) && natsMissing !== null) {
    test.skip(`SKIPPED: ${title}: ${natsMissing}`, () => {});
    continue;
  }
  test(title, async () => {
    await compiled;
    if (wantsNats(program)) natsServer ??= startNatsServer({ jetstream: true });
    const env = natsServer === undefined ? {} : { NATS_URL: (await natsServer).url };
    const result = await runProgram(compiledProgram(program), PROGRAM_DEADLINE_MS, env);
    assert.is(result.code, 0, outputOf(result));
  });
}

test.after(async () => {
  await (await natsServer)?.close();
});

const folder = join(packageRoot, EXAMPLES);
const examples = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith('.ts'))
  : [];

test('there are examples, the one that embeds everything among them', () => {
  assert.ok(examples.includes('embed.ts'), `${EXAMPLES}/embed.ts`);
});

// embed.ts runs in a test of its own, which reads what it prints.
for (const name of examples.filter((name) => name !== 'embed.ts')) {
  test(`${EXAMPLES}/${name} runs`, async () => {
    const file = join(packageRoot, 'dist', EXAMPLES, name.replace(/\.ts$/, '.js'));
    const result = await runProgram(file, PROGRAM_DEADLINE_MS);
    assert.is(result.code, 0, outputOf(result));
  });
}

test.run();
