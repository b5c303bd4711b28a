/** Every error of a store has a code, its place, the system's code and what to do. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { type StoreStage, storeError } from '../../lib/stores/store-error.js';
import { ioError } from '../support/store-failing-level.js';

const test = suite('stores: errors');

const wrapped = (code: string, cause: Error): Error =>
  Object.assign(new Error('Database failed to open', { cause }), { code });

const withCode = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code });

const CASES: ReadonlyArray<readonly [StoreStage, unknown, string, RegExp]> = [
  ['write', ioError('No space left on device'), 'STORE_FAILED', /ENOSPC, free space/],
  ['write', ioError('Input/output error'), 'STORE_FAILED', /EIO, the disk reports a defect/],
  ['write', ioError('Disk quota exceeded'), 'STORE_FAILED', /EDQUOT/],
  ['write', ioError('No such file or directory'), 'STORE_FAILED', /ENOENT, the folder or a file/],
  ['open', ioError('Permission denied'), 'STORE_FAILED', /EACCES, give this process the right/],
  ['open', ioError('Read-only file system'), 'STORE_FAILED', /EROFS/],
  ['open', ioError('Too many open files'), 'STORE_FAILED', /EMFILE/],
  ['open', withCode('ENOTDIR', 'not a directory, mkdir'), 'STORE_FAILED', /ENOTDIR.*name a folder/],
  ['open', withCode('EDOM', 'odd'), 'STORE_FAILED', /EDOM, see the cause/],
  [
    'open',
    wrapped('LEVEL_DATABASE_NOT_OPEN', withCode('LEVEL_LOCKED', 'lock')),
    'STORE_FAILED',
    /in use/,
  ],
  ['open', wrapped('X', withCode('LEVEL_CORRUPTION', 'bad magic')), 'CORRUPT', /bad magic/],
  ['open', withCode('LEVEL_NOT_FOUND', 'MANIFEST-000009'), 'CORRUPT', /MANIFEST-000009/],
  ['open', withCode('LEVEL_INVALID_ARGUMENT', 'comparator'), 'CORRUPT', /comparator/],
  ['read', ioError('000007.ldb: No such file or directory'), 'CORRUPT', /000007\.ldb/],
  ['read', 'just a text', 'STORE_FAILED', /just a text/],
  ['close', undefined, 'STORE_FAILED', /undefined/],
];

for (const [stage, thrown, code, pattern] of CASES) {
  test(`${stage}: ${thrown instanceof Error ? thrown.message : thrown} is ${code}`, () => {
    const error = storeError(thrown, stage, '/data/settings');
    assert.is(error.code, code);
    assert.match(error.message, pattern);
    assert.match(error.message, '/data/settings');
    assert.is(error.cause, thrown);
  });
}

test('a coded error passes through; a circular cause ends', () => {
  const coded = new ReplicationError('CORRUPT', 'known');
  assert.is(storeError(coded, 'read', 'x'), coded);
  const circular = new Error('round');
  circular.cause = circular;
  assert.is(storeError(circular, 'read', 'x').code, 'STORE_FAILED');
});

test.run();
