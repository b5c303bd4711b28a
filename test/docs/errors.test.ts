import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ERROR_CODES } from '../../lib/errors.js';
import { proseOf, readSource } from '../support/sources.js';

const test = suite('docs/errors.md');

test('has exactly one heading per error code', () => {
  const headings = proseOf(readSource('docs/errors.md')).flatMap((line) => {
    const code = /^#{2,6}\s+`?([A-Z][A-Z_]+)`?\s*$/.exec(line)?.[1];
    return code === undefined ? [] : [code];
  });
  assert.equal(headings.sort(), Object.keys(ERROR_CODES).sort());
});

test.run();
