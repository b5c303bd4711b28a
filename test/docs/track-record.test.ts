/** The track record points at tests that exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../support/package-root.js';
import { readSource } from '../support/sources.js';

const test = suite('track record');

const rows = readSource('docs/track-record.md')
  .text.split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (bug|---)/.test(line));

test('each bug says how it was found, the commit, and a test that is there', () => {
  assert.ok(rows.length > 0);
  for (const row of rows) {
    const cells = row.split('|').slice(1, -1);
    assert.is(cells.length, 5, row);
    assert.match(cells[3] ?? '', /^ `[0-9a-f]{7}` $/, row);
    const files = [...row.matchAll(/`(test\/[^`]+\.ts)`/g)].map(([, file]) => file as string);
    assert.ok(files.length > 0 || /configuration/.test(row), `no test: ${row}`);
    for (const file of files) assert.ok(existsSync(join(packageRoot, file)), file);
  }
});

test('a quoted title is a title in that test', () => {
  const quoted = [...rows.join('\n').matchAll(/`(test\/[^`]+\.ts)` "([^"]+)"/g)];
  assert.ok(quoted.length > 0);
  for (const [, file = '', title = ''] of quoted) {
    assert.ok(readSource(file).text.includes(title), `${file} has no "${title}"`);
  }
});

test.run();
