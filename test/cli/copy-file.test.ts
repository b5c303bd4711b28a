/** The copy is replaced as a whole, or stays as it is. */
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CopyFile, canonicalText } from '../../lib/cli/copy-file.js';
import { ReplicationError } from '../../lib/errors.js';
import { withFolder } from '../support/cli-folder.js';

const test = suite('command: writing the copy');

async function refusal(run: Promise<unknown>): Promise<ReplicationError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof ReplicationError) return error;
    throw error;
  }
  throw new Error('it was written');
}

test('one value has one text, with a newline at its end', () => {
  assert.is(canonicalText({ b: 1, a: [true] }), '{\n  "b": 1,\n  "a": [\n    true\n  ]\n}\n');
  assert.is(canonicalText(null), 'null\n');
});

test('readers only ever find whole texts while it is rewritten', async () => {
  await withFolder(async (folder) => {
    const file = new CopyFile(join(folder, 'copy.json'));
    const texts = ['a', 'b'].map((letter) => letter.repeat(2_000_000));
    await file.write(texts[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let turn = 1; turn <= 12; turn += 1) await file.write(texts[turn % 2] ?? '');
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const text = await readFile(file.path, 'utf8');
      assert.ok(texts.includes(text), `a part of ${text.length} characters`);
      reads += 1;
    }
    await writer;
    assert.ok(reads > 2, `read ${reads} times`);
    assert.equal(await readdir(folder), ['copy.json'], 'no temporary file is left');
  });
});

test('a temporary file that a killed process left is used again', async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, '.copy.json.replichart-tmp'), 'half of some');
    await new CopyFile(join(folder, 'copy.json')).write('whole');
    assert.is(await readFile(join(folder, 'copy.json'), 'utf8'), 'whole');
    assert.equal(await readdir(folder), ['copy.json']);
  });
});

test('rights and links stay: a private file stays private, a link stays a link', async () => {
  await withFolder(async (folder) => {
    const [real, link] = [join(folder, 'real.json'), join(folder, 'link.json')];
    await writeFile(real, 'old');
    await chmod(real, 0o600);
    await symlink(real, link);
    await new CopyFile(link).write('new');
    assert.is(await readFile(real, 'utf8'), 'new');
    assert.is((await stat(real)).mode & 0o777, 0o600);
    assert.ok((await lstat(link)).isSymbolicLink());
  });
});

test('restore writes only what differs', async () => {
  await withFolder(async (folder) => {
    const file = new CopyFile(join(folder, 'copy.json'));
    assert.is(await file.restore('x'), true);
    const before = await stat(file.path, { bigint: true });
    assert.is(await file.restore('x'), false);
    assert.is((await stat(file.path, { bigint: true })).ino, before.ino);
    await writeFile(file.path, 'changed by hand');
    assert.is(await file.restore('x'), true);
  });
});

test('what cannot be written says which file and what to do', async () => {
  await withFolder(async (folder) => {
    const missing = await refusal(new CopyFile(join(folder, 'no', 'copy.json')).check());
    assert.is(missing.code, 'STORE_FAILED');
    assert.match(missing.message, /copy\.json: its folder does not exist; make it first/);
    await mkdir(join(folder, 'dir'));
    const dir = await refusal(new CopyFile(join(folder, 'dir')).write('x'));
    assert.match(dir.message, /it is a folder; name a file/);
    await writeFile(join(folder, 'file'), '');
    const below = await refusal(new CopyFile(join(folder, 'file', 'copy.json')).write('x'));
    assert.match(below.message, /no folder/);
  });
});

test.run();
