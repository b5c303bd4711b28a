/** The guide of the command names every command, option, default and exit code there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT } from '../../lib/cli/exit-codes.js';
import { makeProgram } from '../../lib/cli/program.js';
import { packageRoot } from '../support/package-root.js';

const test = suite('command: its guide');

const guide = readFileSync(join(packageRoot, 'docs/guides/command.md'), 'utf8');

/** The part of the guide about one command. */
function sectionOf(name: string): string {
  const start = guide.indexOf(`## \`replichart ${name}`);
  assert.ok(start >= 0, `no section of ${name}`);
  const end = guide.indexOf('\n## ', start + 1);
  return guide.slice(start, end < 0 ? undefined : end);
}

test('every option of every command is in its section, with its default', () => {
  const hidden = ['demo-master'];
  const commands = makeProgram(process).commands.filter((one) => !hidden.includes(one.name()));
  assert.is(commands.length, 7);
  for (const command of commands) {
    const section = sectionOf(command.name());
    for (const { long, defaultValue: value, defaultValueDescription } of command.options) {
      const defaultValue: unknown = defaultValueDescription ?? value;
      assert.ok(section.includes(`${long}`), `${command.name()} ${long}`);
      if (defaultValue === undefined) continue;
      const line = section.split('\n').find((text) => text.includes(`${long} `)) ?? section;
      const shown = line.includes(String(defaultValue)) || section.includes(`(${defaultValue})`);
      assert.ok(shown || command.name() === 'status', `${command.name()} ${long}: ${defaultValue}`);
    }
  }
});

test('the table of exit codes is the one of the code', () => {
  const section = guide.slice(guide.indexOf('## Exit codes'));
  const codes = [...section.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  assert.equal(codes, Object.values(EXIT));
});

test('every event that the code tells is in the table of events', () => {
  const files = [
    'master-command',
    'replicator',
    'slave-command',
    'failure',
    'watching',
    'inspect-command',
    'replay-command',
    'playground-command',
  ];
  const table = guide.slice(guide.indexOf('## Output for programs'));
  let found = 0;
  for (const file of files) {
    const source = readFileSync(join(packageRoot, `lib/cli/${file}.ts`), 'utf8');
    for (const [, event] of source.matchAll(/\.(?:event|problem)\(\s*'([a-z]+)'/g)) {
      found += 1;
      if (event !== 'board') assert.ok(table.includes(`\`${event}\``), `${file}: ${event}`);
    }
  }
  assert.ok(found > 10, `${found} events`);
});

test.run();
