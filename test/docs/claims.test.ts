/**
 * docs/claims.md maps each claim to code and test: a table whose rows begin with the number and
 * name paths in code marks, `lib/...` or `machines/...` for the code and `test/...` for the test.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../support/package-root.js';
import { CLAIM_COUNT } from '../support/runner/claims.js';
import { proseOf, readSource } from '../support/sources.js';

const test = suite('docs/claims.md');

interface Row {
  readonly claim: number;
  readonly paths: readonly string[];
}

function rows(): Row[] {
  return proseOf(readSource('docs/claims.md')).flatMap((line) => {
    const claim = /^\|\s*(\d+)\s*\|/.exec(line)?.[1];
    if (claim === undefined) return [];
    const paths = [...line.matchAll(/`((?:lib|machines|test)\/[\w./-]+)`/g)];
    return [{ claim: Number(claim), paths: paths.map((match) => match[1] ?? '') }];
  });
}

test('has one row for each claim, in order', () => {
  const expected = Array.from({ length: CLAIM_COUNT }, (_, index) => index + 1);
  assert.equal(
    rows().map(({ claim }) => claim),
    expected,
  );
});

test('every row names code and a test, and all of them exist', () => {
  const problems = rows().flatMap(({ claim, paths }) => [
    ...(paths.some((path) => /^(lib|machines)\//.test(path)) ? [] : [`claim ${claim}: no code`]),
    ...(paths.some((path) => path.startsWith('test/')) ? [] : [`claim ${claim}: no test`]),
    ...paths
      .filter((path) => !existsSync(join(packageRoot, path)))
      .map((path) => `claim ${claim}: ${path} does not exist`),
  ]);
  assert.ok(rows().length > 0, 'no rows');
  assert.equal(problems, []);
});

test('the test that a row names holds the test of that claim', () => {
  const wrong = rows().filter(({ claim, paths }) => {
    const title = new RegExp(`['"\`]claim 0?${claim}: `);
    return !paths.some((path) => /^test\/.*\.ts$/.test(path) && title.test(readSource(path).text));
  });
  assert.ok(rows().length > 0, 'no rows');
  assert.equal(
    wrong.map(({ claim }) => `claim ${claim}`),
    [],
  );
});

test.run();
