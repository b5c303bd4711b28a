import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError, Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import type { DocumentOptions } from '../../lib/layers/document/options.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';

const test = suite('document: reading and changing');

async function replicate<T>(initial: T, options: DocumentOptions<T> = {}) {
  const replication = await new LayerReplication(document<T>(initial, options)).start();
  const copy = await replication.addCopy();
  await replication.sync(copy);
  return { replication, master: replication.master, copy, slave: copy.layer };
}

test('initial is the first version of a master, and what a slave reads until it has a copy', async () => {
  const initial = { theme: 'light', list: [1] };
  const replication = await new LayerReplication(document(initial)).start();
  initial.list.push(2);
  assert.equal(replication.master.get(), { theme: 'light', list: [1] });
  const copy = await replication.addCopy();
  assert.equal(copy.layer.get(), { theme: 'light', list: [1] });
  assert.is(copy.layer.position(), null);
  assert.is(document<number>().createSlaveLayer().get(), undefined);
});

test('a change leaves what it did not touch the same object, on the slave as well', async () => {
  const { replication, master, copy, slave } = await replicate({
    a: { n: 1 },
    b: { n: 1 },
    list: [{ n: 1 }, { n: 2 }],
  });
  for (const data of [master, slave]) assert.is(data.get(), data.getSnapshot());
  const before = [master.get(), slave.get()];
  master.update((draft) => {
    draft.a.n = 2;
    draft.list.push({ n: 3 });
  });
  await replication.flush([copy]);
  [master, slave].forEach((data, index) => {
    assert.equal(data.get(), { a: { n: 2 }, b: { n: 1 }, list: [{ n: 1 }, { n: 2 }, { n: 3 }] });
    assert.is(data.get().b, before[index]?.b);
    assert.is(data.get().list[0], before[index]?.list[0]);
    assert.equal(before[index]?.a, { n: 1 });
  });
});

test('everything read is frozen; what a host put into a draft stays its own', async () => {
  const { replication, master, copy, slave } = await replicate<{
    item?: { list: number[]; at: Date };
  }>({});
  const item = { list: [1], at: new Date(1) };
  master.update((draft) => {
    draft.item = item;
  });
  await replication.flush([copy]);
  item.list.push(2);
  item.at.setTime(2);
  for (const data of [master, slave]) {
    assert.equal(data.get(), { item: { list: [1], at: new Date(1) } });
    assert.throws(() => data.get().item?.list.push(3), /not extensible/);
    assert.throws(() => data.get().item?.at.setTime(3), /read-only/);
  }
});

test('P17: one that throws leaves no trace, fails alone, and the others go out as one delta', async () => {
  const { replication, master, copy, slave } = await replicate<{ log: string[]; more?: unknown }>({
    log: [],
  });
  const failure = new RangeError('out of stock');
  const tasks = {
    first: master.update((draft) => void draft.log.push('first')),
    throws: master.update((draft) => {
      draft.log.push('half done');
      throw failure;
    }),
    async: master.update(async (draft) => void draft.log.push('async')),
    refused: master.update((draft) => {
      draft.log.push('refused');
      draft.more = { deep: [() => 1] };
    }),
    wrong: master.update('text' as never),
    setWrong: master.set({ log: [], more: Symbol('x') }),
    last: master.update((draft) => void draft.log.push('last')),
  };
  await replication.flush([copy]);
  assert.equal(slave.get(), { log: ['first', 'last'] });
  assert.equal(master.get(), slave.get());
  assert.is(replication.position.version, 2);
  assert.is(await tasks.throws.catch((error) => error), failure);
  assert.match(await outcome(() => tasks.async), /^INVALID_OPTION: .*must not be async/);
  assert.match(
    await outcome(() => tasks.refused),
    /^INVALID_OPTION: value\.more(\.deep\[0\])?.*function/,
  );
  assert.match(await outcome(() => tasks.wrong), /^INVALID_OPTION: update takes a function/);
  assert.match(await outcome(() => tasks.setWrong), /^INVALID_OPTION: value\.more: a symbol/);
  for (const task of [tasks.first, tasks.last]) assert.is(await outcome(() => task), 'done');
});

test('a Date of the tree cannot be changed in place by a draft', async () => {
  const { replication, master } = await replicate({ at: new Date(1), n: 0 });
  const task = master.update((draft) => {
    draft.n = 1;
    draft.at.setTime(5);
  });
  await replication.flush();
  assert.match(await outcome(() => task), /^INVALID_OPTION: .*put a new Date/);
  assert.equal(master.get(), { at: new Date(1), n: 0 });
});

test('a group that changes nothing in the end makes no version', async () => {
  const { replication, master } = await replicate({ n: 1 });
  master.update((draft) => {
    draft.n += 1;
  });
  master.update((draft) => {
    draft.n -= 1;
  });
  await replication.flush();
  assert.is(replication.position.version, 1);
});

test('set replaces the tree, sends what changed, and mixes with updates in order', async () => {
  const rows = Array.from({ length: 1000 }, (_, id) => ({ id, name: `row ${id}` }));
  const { replication, master, copy, slave } = await replicate<{ rows: typeof rows; n?: number }>({
    rows,
  });
  const next = { rows: structuredClone(rows) };
  next.rows.splice(500, 1);
  copy.deltaBytes = 0;
  master.update((draft) => {
    draft.n = 7;
  });
  master.set(next);
  master.update((draft) => {
    draft.n = 8;
  });
  next.rows.length = 0;
  await replication.flush([copy]);
  assert.is(slave.get().rows.length, 999);
  assert.is(slave.get().n, 8);
  assert.ok(copy.deltaBytes < 200, `${copy.deltaBytes} bytes`);
});

test('a document that is no container takes set, and refuses update with a hint', async () => {
  const { replication, master, copy, slave } = await replicate<unknown>(5);
  const task = master.update(() => {});
  master.set(new Map([['a', 1n]]));
  master.update((draft) => void (draft as Map<string, bigint>).set('b', 2n));
  await replication.flush([copy]);
  assert.match(await outcome(() => task), /^INVALID_OPTION: .*use set/);
  assert.equal(
    slave.get(),
    new Map([
      ['a', 1n],
      ['b', 2n],
    ]),
  );
});

test('the depth of the tree is bounded, also when it grows step by step', async () => {
  const { replication, master } = await replicate<object>({}, { budget: { depthMax: 10 } });
  const outcomes: string[] = [];
  for (let level = 0; level < 15; level += 1) {
    const task = master.update((draft) => {
      let at = draft as { in?: object };
      while (at.in !== undefined) at = at.in;
      at.in = {};
    });
    await replication.flush();
    outcomes.push(await outcome(() => task));
  }
  assert.is(outcomes.filter((text) => text === 'done').length, 10);
  assert.match(outcomes.at(-1) ?? '', /^INVALID_OPTION: value(\.in){11}: more than .* levels deep/);
});

test('prepare sees next and previous, votes once, and its candidate is what commit shows (S9)', async () => {
  const calls: unknown[] = [];
  const { replication, master, copy, slave } = await replicate(
    { n: 0 },
    {
      prepare(next, previous) {
        calls.push([next.n, previous?.n, next]);
        if (next.n < 0) throw new Veto('n must not be negative');
      },
    },
  );
  assert.equal(
    calls.splice(0).map((call) => (call as unknown[]).slice(0, 2)),
    [[0, undefined]],
  );
  const change = (n: number) =>
    master.update((draft) => {
      draft.n = n;
    });
  change(5);
  await replication.flush([copy], true);
  assert.is(calls.length, 1);
  assert.is((calls[0] as unknown[])[2], slave.get());
  const vetoed = change(-1);
  await replication.flush([copy], true);
  assert.is(await outcome(() => vetoed), 'Veto: n must not be negative');
  for (const data of [master, slave]) assert.equal(data.get(), { n: 5 });
  // One-phase: the hook runs in commit; its throw reaches the service, which quarantines.
  change(-2);
  assert.is(await outcome(() => replication.flush([copy])), 'Veto: n must not be negative');
  assert.equal(slave.get(), { n: 5 });
  assert.is(await outcome(() => replication.sync(copy)), 'Veto: n must not be negative');
});

test('subscribers get position, value and previous; one that throws is reported', async () => {
  const errors: unknown[] = [];
  const { replication, master, copy, slave } = await replicate(
    { n: 0 },
    { onError: (error) => errors.push(error) },
  );
  const heard: unknown[] = [];
  slave.subscribe(() => {
    throw new Error('not my day');
  });
  slave.subscribe(({ position, value, previous }) =>
    heard.push([position.version, value.n, previous?.n]),
  );
  master.update((draft) => {
    draft.n = 1;
  });
  await replication.flush([copy]);
  assert.equal(heard, [[2, 1, 0]]);
  assert.is(errors.length, 1);
});

test('the method by what a change does (claim 40), asked about the change or its delta', async () => {
  const { replication, master } = await replicate(
    { route: 'a', theme: 'b' },
    { methodFor: (next, previous) => (next.route === previous?.route ? 'one-phase' : 'two-phase') },
  );
  master.update((draft) => {
    draft.route = 'blue';
  });
  assert.is(master.methodFor?.(await replication.buildNext()), 'two-phase');
  const recipe = (draft: { theme: string }): void => {
    draft.theme = 'dark';
  };
  assert.is(master.methodFor?.({ kind: 'update', recipe }), 'one-phase');
  assert.is(
    master.methodFor?.({ kind: 'update', recipe: () => Promise.reject(new Error('x')) }),
    'one-phase',
  );
});

test('256 updates of a 1000-key object in one tick cost a few milliseconds', async () => {
  const initial = Object.fromEntries(
    Array.from({ length: 1000 }, (_, id) => [`key${id}`, { id, hits: 0 }]),
  );
  const { replication, master, copy, slave } = await replicate(initial);
  const started = performance.now();
  for (let tick = 0; tick < 20; tick += 1) {
    for (let index = 0; index < 256; index += 1) {
      const key = `key${(index * 7) % 1000}`;
      master.update((draft) => {
        const entry = draft[key];
        if (entry !== undefined) entry.hits += 1;
      });
    }
    await replication.flush([copy]);
  }
  const tickMs = (performance.now() - started) / 20;
  assert.is(slave.get().key7?.hits, 20);
  // Measured 3 ms on a busy machine; one draft per update would cost 60.
  assert.ok(tickMs < 30, `${tickMs} ms`);
});

test('unknown and wrong options are refused by name, and initial values that cannot travel', async () => {
  const refused = (options: object): Promise<string> => outcome(() => document({}, options));
  assert.match(await refused({ history: 1 }), /^INVALID_OPTION: document has no option history/);
  assert.match(await refused({ statesMax: 0 }), /^INVALID_OPTION: statesMax/);
  assert.match(await refused({ prepare: true }), /^INVALID_OPTION: prepare/);
  assert.match(
    await outcome(() => document({ f: () => 1 })),
    /^INVALID_OPTION: value\.f: a function/,
  );
  const unattached = document({}).createMasterLayer();
  assert.throws(
    () => unattached.update(() => {}),
    (error: unknown) => error instanceof ReplicationError && error.code === 'NOT_RUNNING',
  );
});

test.run();
