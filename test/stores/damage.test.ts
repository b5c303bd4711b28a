/** T28-T30: real LevelDB files, torn and flipped; never garbage, never a silent wrong read. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { diskStore } from '../../lib/stores/disk.js';
import { changeFile, copyStore, logOf, withFolder } from '../support/store-folder.js';
import { type Content, failureOf, openItem, put, reopened } from '../support/store-storage.js';

const test = suite('stores: damage');
const LOG_BLOCK_BYTES = 32 * 1024;

const contentText = ({ records, data }: Content): string =>
  JSON.stringify([Object.entries(records).sort(), Object.entries(data).sort()]);

/** A small generator of its own, so that a failure can be repeated by its seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Written {
  /** The content after each write, as text; the first is the empty one. */
  readonly states: string[];
  /** How long the log was after each write. */
  readonly logBytes: number[];
}

/** A copy of an open store; LevelDB compacts meanwhile, so it may take more than one attempt. */
async function copyLive(folder: string, copy: string, wanted: string | undefined): Promise<void> {
  const probe = `${copy}-probe`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await copyStore(folder, copy);
      assert.is(contentText(await reopenedCopy(copy, probe)), wanted, 'the copy is whole');
      return;
    } catch (thrown) {
      if (attempt === 10) throw thrown;
    }
  }
}

/** Writes versions with puts, overwrites and deletes; copies the files while still open. */
async function write(
  folder: string,
  copy: string,
  options: {
    readonly writes: number;
    readonly valueBytes: number;
    readonly lives?: number;
    readonly bufferKiB?: number;
  },
): Promise<Written> {
  const content: { records: Record<string, unknown>; data: Record<string, string> } = {
    records: {},
    data: {},
  };
  const states = [contentText(content)];
  const logBytes: number[] = [];
  const lives = options.lives ?? 1;
  const definition = diskStore(folder, { writeBufferBytes: (options.bufferKiB ?? 1024) * 1024 });
  for (let life = 0; life < lives; life += 1) {
    const storage = await openItem(definition);
    for (let index = 0; index < options.writes; index += 1) {
      const version = states.length;
      const letter = String.fromCharCode(97 + (version % 26));
      const value = `${version} ${letter.repeat(options.valueBytes)}`;
      const [name, old] = [`key-${version % 40}`, `key-${(version * 7) % 40}`];
      delete content.data[old];
      content.data[name] = value;
      content.records = { version };
      const operations = [{ key: old }, put(name, value)];
      await storage.write({ records: { version }, data: operations }, { sync: index % 10 === 0 });
      states.push(contentText(content));
      // With several lives the log changes while it is looked for.
      if (lives === 1) logBytes.push((await readFile(await logOf(folder))).length);
    }
    if (life === lives - 1) await copyLive(folder, copy, states.at(-1));
    await storage.close();
  }
  return { states, logBytes };
}

test('T28: a log cut at every byte of its last batch opens with the state before it', () =>
  withFolder(async (folder) => {
    const [live, copy, torn] = ['live', 'copy', 'torn'].map((name) => join(folder, name));
    assert.ok(live && copy && torn);
    const { states, logBytes } = await write(live, copy, { writes: 12, valueBytes: 20 });
    const [before, end] = logBytes.slice(-2);
    assert.ok(before !== undefined && end !== undefined && end - before > 100);
    for (let length = before; length <= end; length += 1) {
      await copyStore(copy, torn);
      await changeFile(await logOf(torn), (bytes) => bytes.subarray(0, length));
      const left = contentText(await reopened(diskStore(torn)));
      assert.is(left, length === end ? states[12] : states[11], `cut at ${length} of ${end}`);
    }
  }));

test('T28: a log cut anywhere opens with an older state, and goes on from there', () =>
  withFolder(async (folder) => {
    const [live, copy, torn] = ['live', 'copy', 'torn'].map((name) => join(folder, name));
    assert.ok(live && copy && torn);
    const { states, logBytes } = await write(live, copy, { writes: 30, valueBytes: 20 });
    const end = logBytes.at(-1) ?? 0;
    // Where the engine finds nothing at all, the folder's witness speaks up instead.
    for (let length = logBytes[0] ?? 0; length < end; length += 97) {
      await copyStore(copy, torn);
      await changeFile(await logOf(torn), (bytes) => bytes.subarray(0, length));
      const writes = logBytes.filter((bytes) => bytes <= length).length;
      const storage = await openItem(diskStore(torn));
      await storage.write({ records: { next: 1 } }, { sync: true });
      await storage.close();
      const { records, data } = await reopened(diskStore(torn));
      assert.is(records.next, 1);
      const { next: _, ...older } = records;
      assert.is(contentText({ records: older, data }), states[writes], `cut at ${length}`);
    }
  }));

test('T29: a damaged block in the middle of the log is CORRUPT, not a silent gap', () =>
  withFolder(async (folder) => {
    const [live, copy, broken] = ['live', 'copy', 'broken'].map((name) => join(folder, name));
    assert.ok(live && copy && broken);
    // About 50 KiB of log, so that blocks follow the damaged one.
    await write(live, copy, { writes: 160, valueBytes: 200 });
    const log = await logOf(copy);
    const length = (await readFile(log)).length;
    assert.ok(length > LOG_BLOCK_BYTES + 8000, `the log has ${length} bytes`);
    for (const at of [6000, 15_000, LOG_BLOCK_BYTES - 3000]) {
      await copyStore(copy, broken);
      await changeFile(await logOf(broken), (bytes) => {
        bytes[at] = (bytes[at] as number) ^ 1;
        return bytes;
      });
      const error = await failureOf(() => reopened(diskStore(broken)));
      assert.is(error.code, 'CORRUPT', `bit flipped at ${at}`);
      assert.match(error.message, '"settings"');
      assert.match(error.message, broken);
      assert.match(error.message, /journal entry \d+/);
    }
  }));

test('T30: a bit flipped anywhere gives an acknowledged state or an error, never another', () =>
  withFolder(async (folder) => {
    const [live, copy, flipped] = ['live', 'copy', 'flipped'].map((name) => join(folder, name));
    assert.ok(live && copy && flipped);
    const { states } = await write(live, copy, {
      writes: 120,
      valueBytes: 200,
      lives: 3,
      bufferKiB: 64,
    });
    const known = new Set(states);
    const files = (await readdir(copy)).filter((name) => /CURRENT|MANIFEST|ldb|\.log$/.test(name));
    assert.ok(
      files.some((name) => name.endsWith('.ldb')),
      'table files are among them',
    );
    const outcomes = { states: 0, CORRUPT: 0, STORE_FAILED: 0 };
    for (let seed = 1; seed <= 250; seed += 1) {
      const random = randomOf(seed * 7919);
      const name = files[random(files.length)];
      assert.ok(name);
      await copyStore(copy, flipped);
      await changeFile(join(flipped, name), (bytes) => {
        const at = random(bytes.length);
        bytes[at] = (bytes[at] as number) ^ (1 << random(8));
        return bytes;
      });
      const outcome = await outcomeOf(flipped);
      if (outcome === 'CORRUPT' || outcome === 'STORE_FAILED') outcomes[outcome] += 1;
      else {
        assert.ok(known.has(outcome), `seed ${seed}, ${name}: a state that never was: ${outcome}`);
        outcomes.states += 1;
      }
    }
    assert.ok(outcomes.CORRUPT > 30 && outcomes.states > 10, JSON.stringify(outcomes));
  }));

async function reopenedCopy(copy: string, target: string): Promise<Content> {
  await copyStore(copy, target);
  return reopened(diskStore(target));
}

async function outcomeOf(folder: string): Promise<string> {
  try {
    return contentText(await reopened(diskStore(folder)));
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown.code;
    throw thrown;
  }
}

test.run();
