/** Style that no linter knows, held against the text of every source and page. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../support/package-root.js';
import {
  codeSources,
  pages,
  proseOf,
  readSource,
  type Source,
  testSources,
} from '../support/sources.js';

const test = suite('text');

const FILE_LINES_MAX = 400;
const LINE_WIDTH_MAX = 100;
/** Put together here, so that this file does not hold them. */
const BANNED = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`,
);
const SUPPRESSIONS = new RegExp(['@ts-' + 'ignore', '@ts-' + 'nocheck'].join('|'));

/** `path:line` of every line for which `isWrong` holds. */
function linesOf(sources: readonly Source[], isWrong: (line: string) => boolean): string[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (isWrong(line) ? [`${path}:${index + 1}`] : [])),
  );
}

/** A test is named by one sentence, which the formatter leaves on its line. */
const isTitle = (line: string) => /^\s*test\([`']/.test(line);

const everything = (): Source[] => [
  ...codeSources(),
  ...pages(),
  ...['package.json', 'tsconfig.json', 'biome.json', '.ci/run', 'LICENSE'].map(readSource),
];

test(`files have at most ${FILE_LINES_MAX} lines`, () => {
  const long = codeSources().filter(
    ({ text }) => text.trimEnd().split('\n').length > FILE_LINES_MAX,
  );
  assert.equal(
    long.map(({ path }) => path),
    [],
  );
});

test(`lines of code have at most ${LINE_WIDTH_MAX} characters`, () => {
  assert.equal(
    linesOf(codeSources(), (line) => [...line].length > LINE_WIDTH_MAX && !isTitle(line)),
    [],
  );
});

test('nothing is left for later', () => {
  assert.equal(
    linesOf(everything(), (line) => BANNED.test(line)),
    [],
  );
});

test('the compiler is not silenced', () => {
  assert.equal(
    linesOf(codeSources(), (line) => SUPPRESSIONS.test(line)),
    [],
  );
});

test('no file names a folder of the machine it was written on', () => {
  assert.equal(
    linesOf(everything(), (line) => line.includes(packageRoot)),
    [],
  );
});

test('machines/ draws no random numbers', () => {
  assert.equal(
    linesOf(codeSources('machines'), (line) => line.includes('Math.random')),
    [],
  );
});

test('file and folder names are kebab-case', () => {
  const wrong = codeSources().filter(({ path }) => !/^[a-z0-9./-]+\.tsx?$/.test(path));
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test('every test file runs each of its suites', () => {
  const wrong = testSources().flatMap(({ path, text }) => {
    const names = [...text.matchAll(/^\s*const (\w+) = suite[(<]/gm)].map(
      (match) => match[1] ?? '',
    );
    if (names.length === 0) return [`${path} has no suite`];
    const idle = names.filter((name) => !new RegExp(`^\\s*${name}\\.run\\(\\);`, 'm').test(text));
    return idle.map((name) => `${path}: ${name}.run() is missing`);
  });
  assert.equal(wrong, []);
});

test('no test hides the others, and every skip says why', () => {
  const only = linesOf(testSources(), (line) => /^\s*\w+\.only\(/.test(line));
  assert.equal(only, []);
  const skips = testSources().flatMap(({ path, text }) =>
    [...text.matchAll(/^\s*\w+\.skip\([^;]*/gm)]
      .filter(([call]) => !/\bskipped: \S/i.test(call))
      .map(() => path),
  );
  assert.equal(skips, []);
});

test('every page has exactly one title', () => {
  const wrong = pages().filter((page) => {
    return proseOf(page).filter((line) => line.startsWith('# ')).length !== 1;
  });
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  );
});

test.run();
