import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NEEDS_SNAPSHOT } from '../../lib/layers/contract.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import type { KeyValueOptions } from '../../lib/layers/key-value/options.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';

const test = suite('keyValue: reading and changing');

async function replicate<V = unknown>(options: KeyValueOptions<V> = {}, stored = false) {
  const replication = await new LayerReplication(keyValue<V>(options), stored).start();
  const copy = await replication.addCopy();
  await replication.sync(copy);
  return { replication, master: replication.master, copy, slave: copy.layer };
}

test('a value is taken when set is called: what the host does to it later changes nothing', async () => {
  const { replication, master, copy, slave } = await replicate();
  const value = { list: [1], when: new Date(1), bytes: new Uint8Array([1]) };
  master.set('k', value);
  value.list.push(2);
  value.when.setTime(2);
  value.bytes[0] = 2;
  await replication.flush([copy]);
  for (const data of [master, slave]) {
    assert.equal(data.get('k'), { list: [1], when: new Date(1), bytes: new Uint8Array([1]) });
  }
});

test('what is read is frozen, and the same object at every read', async () => {
  const { replication, master, copy, slave } = await replicate();
  master.set('k', { a: { b: [1] }, map: new Map([[1, 1]]), set: new Set([1]), at: new Date(0) });
  await replication.flush([copy]);
  const value = slave.get('k') as {
    a: { b: number[] };
    map: Map<number, number>;
    set: Set<number>;
    at: Date;
  };
  assert.is(slave.get('k'), value);
  assert.throws(() => value.a.b.push(2), /not extensible/);
  assert.throws(() => value.map.set(2, 2), /read-only/);
  assert.throws(() => value.set.clear(), /read-only/);
  assert.throws(() => value.at.setFullYear(1), /read-only/);
});

test('of a group each key has its newest change, in order of last change (P17)', async () => {
  const { replication, master, copy, slave } = await replicate();
  master.batch([
    { op: 'set', key: 'kept', value: 0 },
    { op: 'set', key: 'again', value: 0 },
  ]);
  await replication.flush([copy]);
  master.set('a', 1);
  master.set('b', 1);
  master.set('gone', 1);
  master.batch([
    { op: 'set', key: 'c', value: 1 },
    { op: 'set', key: 'a', value: 2 },
    { op: 'delete', key: 'again' },
  ]);
  master.delete('gone');
  master.set('kept', 0);
  master.set('again', 1);
  master.set('b', 2);
  await replication.flush([copy]);
  const newest = [...Object.entries({ kept: 0, c: 1, a: 2, again: 1, b: 2 })];
  for (const data of [master, slave]) assert.equal([...data.entries()], newest);
});

test('a key or value that cannot travel fails its own task and no other of the group', async () => {
  const { replication, master, copy, slave } = await replicate({ keyBytesMax: 8 });
  const tasks = {
    function: master.set('f', () => 1),
    number: master.set(5 as never, 1),
    long: master.set('123456789', 1),
    longInBytes: master.set('äöüß€', 1),
    half: master.set('\ud800', 1),
    op: master.batch([{ op: 'set', key: 'x', value: 1 }, { op: 'add' } as never]),
    list: master.batch('set' as never),
    good: master.set('good', 1),
  };
  await replication.flush([copy]);
  assert.match(await outcome(() => tasks.function), /^INVALID_OPTION: Key "f": value: a function/);
  assert.match(
    await outcome(() => tasks.number),
    /^INVALID_OPTION: .*must be a string, not number/,
  );
  assert.match(await outcome(() => tasks.long), /^INVALID_OPTION: .*over 8 bytes/);
  assert.match(await outcome(() => tasks.longInBytes), /^INVALID_OPTION: .*over 8 bytes/);
  assert.match(await outcome(() => tasks.half), /^INVALID_OPTION: .*half a character/);
  assert.match(await outcome(() => tasks.op), /^INVALID_OPTION: batch operation 1 has op add/);
  assert.match(await outcome(() => tasks.list), /^INVALID_OPTION: batch takes an array/);
  assert.is(await outcome(() => tasks.good), 'done');
  assert.equal([...slave.entries()], [['good', 1]]);
});

test('undefined, __proto__ and the empty text are keys and values like any other', async () => {
  const { replication, master, copy, slave } = await replicate();
  master.batch([
    { op: 'set', key: '', value: undefined },
    { op: 'set', key: '__proto__', value: 1 },
  ]);
  await replication.flush([copy]);
  assert.is(slave.size, 2);
  assert.ok(slave.has(''));
  assert.is(slave.get(''), undefined);
  assert.is(slave.get('__proto__'), 1);
  assert.not(slave.has('toString'));
});

test('a group is one delta: the last write wins, and what changes nothing makes no version', async () => {
  const { replication, master, copy, slave } = await replicate();
  master.set('a', 1);
  master.batch([
    { op: 'set', key: 'b', value: 1 },
    { op: 'set', key: 'a', value: 2 },
    { op: 'delete', key: 'b' },
  ]);
  master.delete('never was');
  await replication.flush([copy]);
  const { version } = replication.position;
  assert.equal([...slave.entries()], [['a', 2]]);
  const task = master.set('a', 2);
  master.delete('b');
  await replication.flush([copy]);
  assert.is(replication.position.version, version);
  assert.is((await task).version, version);
});

test('keys come in order of their last change, also within a group', async () => {
  const { replication, master, copy, slave } = await replicate();
  for (const key of ['a', 'b', 'c', 'a']) master.set(key, {});
  await replication.flush([copy]);
  assert.equal([...slave.keys()], ['b', 'c', 'a']);
  master.set('b', 1);
  await replication.flush([copy]);
  for (const data of [master, slave]) assert.equal([...data.keys()], ['c', 'a', 'b']);
});

test('deletions reach a slave that was away, until there are too many of them (P3)', async () => {
  const { replication, master, copy, slave } = await replicate({ tombstonesMax: 10 });
  for (let index = 0; index < 10; index += 1) master.set(`key ${index}`, index);
  await replication.flush();
  await replication.sync(copy);
  for (let index = 0; index < 5; index += 1) master.delete(`key ${index}`);
  await replication.flush();
  assert.is(await replication.sync(copy), 'delta');
  assert.is(slave.size, 5);
  const { version } = replication.position;
  for (let round = 0; round < 30; round += 1) {
    master.set(`other ${round}`, 1);
    await replication.flush();
    master.delete(`other ${round}`);
    await replication.flush();
  }
  assert.is(master.createDelta(version, replication.position.version), NEEDS_SNAPSHOT);
  const recent = replication.position.version - 6;
  assert.is.not(master.createDelta(recent, replication.position.version), NEEDS_SNAPSHOT);
  assert.is(await replication.sync(copy), 'snapshot');
  assert.equal([...slave.keys()], [...master.keys()]);
});

test('the floor and the deletions outlive a restart', async () => {
  const { replication, master } = await replicate({ tombstonesMax: 4 }, true);
  for (let index = 0; index < 12; index += 1) {
    master.set(`key ${index}`, 1);
    await replication.flush();
    master.delete(`key ${index}`);
    await replication.flush();
  }
  const answers = (): unknown[] => {
    const { version } = replication.position;
    return Array.from({ length: version + 1 }, (_, from) => {
      const delta = replication.master.createDelta(from, version);
      return delta === NEEDS_SNAPSHOT
        ? 'snapshot'
        : Buffer.from(replication.codec.encode(delta)).toString('hex');
    });
  };
  const before = answers();
  assert.ok(before.includes('snapshot') && before.some((answer) => answer !== 'snapshot'));
  await replication.start();
  assert.equal(answers(), before);
});

test('no delta leads backwards, beyond the original, or to a version that is covered', async () => {
  const { replication, master } = await replicate();
  for (const value of [1, 2, 3]) {
    master.set('k', value);
    await replication.flush();
  }
  const { version } = replication.position;
  assert.is(master.createDelta(version, version - 1), NEEDS_SNAPSHOT);
  assert.is(master.createDelta(version - 1, version + 1), NEEDS_SNAPSHOT);
  assert.is(master.createDelta(version - 2, version - 1), NEEDS_SNAPSHOT);
  assert.is.not(master.createDelta(version, version), NEEDS_SNAPSHOT);
});

test('a subscriber hears of each commit; one that throws harms nobody and is reported', async () => {
  const errors: unknown[] = [];
  const { replication, master, copy, slave } = await replicate({
    onError: (error) => errors.push(error),
  });
  const heard: unknown[] = [];
  const failure = new Error('not my day');
  slave.subscribe(() => {
    throw failure;
  });
  const unsubscribe = slave.subscribe(({ position, changedKeys }) =>
    heard.push([position.version, changedKeys]),
  );
  const before = slave.getSnapshot();
  assert.is(slave.getSnapshot(), before);
  master.batch([
    { op: 'set', key: 'a', value: 1 },
    { op: 'delete', key: 'b' },
  ]);
  await replication.flush([copy]);
  const after = slave.getSnapshot();
  assert.is.not(after, before);
  assert.equal(after, { position: slave.position(), size: 1 });
  unsubscribe();
  unsubscribe();
  master.set('a', 2);
  await replication.flush([copy]);
  assert.equal(heard, [[2, ['a']]]);
  assert.equal(errors, [failure, failure]);
  const resync = await master.createSnapshot();
  slave.subscribe(({ changedKeys }) => heard.push(changedKeys));
  await replication.install(copy, resync.chunks, resync.position);
  assert.is(heard.at(-1), null);
});

test('the method by the type of change (claim 40)', async () => {
  const { replication, master } = await replicate({
    methodFor: (changes) =>
      changes.some(({ key }) => key.startsWith('route/')) ? 'two-phase' : 'one-phase',
  });
  const built = async (key: string) => {
    master.set(key, { to: 'blue' });
    const delta = await replication.buildNext();
    return replication.master.methodFor?.(delta);
  };
  assert.is(await built('route/a'), 'two-phase');
  assert.is(await built('theme'), 'one-phase');
});

test('unknown and wrong options are refused by name; a change without a master is, too', async () => {
  const refused = (options: object): Promise<string> => outcome(() => keyValue(options as never));
  assert.match(await refused({ shema: 1 }), /^INVALID_OPTION: keyValue has no option shema/);
  assert.match(await refused({ schema: {} }), /^INVALID_OPTION: schema must be/);
  assert.match(await refused({ prepare: 1 }), /^INVALID_OPTION: prepare must be a function/);
  assert.match(await refused({ tombstonesMax: -1 }), /^INVALID_OPTION: tombstonesMax/);
  assert.match(await refused({ budget: { depth: 1 } }), /^INVALID_OPTION: budget.depth/);
  const unattached = keyValue().createMasterLayer();
  assert.match(await outcome(() => unattached.set('a', 1)), /^NOT_RUNNING/);
});

test.run();
