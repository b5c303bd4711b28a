/** The rules of the protocol are written down, and each has a test that names it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { proseOf, readSource, testSources } from '../support/sources.js';

const test = suite('protocol rules');

const RULES = Array.from({ length: 22 }, (_, index) => `P${index + 1}`);

const TITLE = /^\s*\w+\(\s*(['"`])(?<title>P\d+.*?)\1,/gms;

/** Rules that titles of tests name: `test('P15: ...')`, `test('P2, P16: ...')`. */
function rulesNamedByTests(): Set<string> {
  const named = new Set<string>();
  for (const { path, text } of testSources()) {
    if (path.startsWith('test/docs/') || path.startsWith('test/tidy/')) continue;
    for (const match of text.matchAll(TITLE)) {
      const rules = /^(P\d+(?:(?:, | and )P\d+)*)\b/.exec(match.groups?.title ?? '')?.[1] ?? '';
      for (const rule of rules.split(/, | and /)) named.add(rule);
    }
  }
  return named;
}

/** As a heading, or in bold at the start of a line. */
test('docs/protocol.md states each of P1 to P22 once', () => {
  const stated = proseOf(readSource('docs/protocol.md')).flatMap((line) => {
    const found = /^(?:#{2,6}\s+|(?:[-*|]\s+)?\*\*)(P\d+)\b/.exec(line);
    const rule = found?.[1];
    return rule === undefined ? [] : [rule];
  });
  assert.equal([...stated].sort(), [...RULES].sort());
});

test('each of P1 to P22 is named by the title of a test', () => {
  const named = rulesNamedByTests();
  assert.equal(
    RULES.filter((rule) => !named.has(rule)),
    [],
  );
});

test('no test names a rule that does not exist', () => {
  assert.equal(
    [...rulesNamedByTests()].filter((rule) => !RULES.includes(rule)),
    [],
  );
});

test.run();
