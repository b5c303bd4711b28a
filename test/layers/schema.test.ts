import { type } from 'arktype';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { z } from 'zod';
import { document } from '../../lib/layers/document/document.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import type { StandardSchema } from '../../lib/layers/schema.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';

const test = suite('schema: any Standard Schema on master and slave');

interface User {
  name: string;
  age: number;
}

const later = z
  .object({ name: z.string().min(1), age: z.number() })
  .refine(async ({ age }) => age >= 0, { path: ['age'] });

const SCHEMAS: ReadonlyArray<readonly [name: string, schema: StandardSchema<User>]> = [
  ['zod', z.object({ name: z.string().min(1), age: z.number().min(0) })],
  [
    'valibot',
    v.object({ name: v.pipe(v.string(), v.minLength(1)), age: v.pipe(v.number(), v.minValue(0)) }),
  ],
  ['arktype', type({ name: 'string > 0', age: 'number >= 0' })],
  ['zod, asynchronous', later],
];

const GOOD: User = { name: 'Ada', age: 36 };
const BAD = { name: '', age: -1 } as User;

for (const [name, schema] of SCHEMAS) {
  test(`${name}: a keyValue value that it refuses fails its task alone, with the paths`, async () => {
    const replication = await new LayerReplication(keyValue<User>({ schema })).start();
    const copy = await replication.addCopy();
    await replication.sync(copy);
    const bad = replication.master.set('bad', BAD);
    const good = replication.master.set('good', GOOD);
    await replication.flush([copy]);
    assert.match(await outcome(() => bad), /^VETOED: .*bad\.(age|name): /);
    assert.is(await outcome(() => good), 'done');
    assert.equal([...copy.layer.entries()], [['good', GOOD]]);
  });

  test(`${name}: a document that it refuses fails the change that makes it so`, async () => {
    const definition = document<{ users: User[] }>({ users: [] }, { schema: usersOf(schema) });
    const replication = await new LayerReplication(definition).start();
    const add = (user: User) => replication.master.update((draft) => void draft.users.push(user));
    const tasks = [add(GOOD), add(BAD), add(GOOD)];
    await replication.flush();
    assert.match(await outcome(() => tasks[1]), /^VETOED: .*users.*0|1.*: /);
    assert.is(await outcome(() => tasks[0]), 'done');
    assert.is(await outcome(() => tasks[2]), 'done');
    assert.equal(replication.master.get().users, [GOOD, GOOD]);
  });

  test(`${name}: on a slave it is a veto, in a round and in a snapshot`, async () => {
    const lax = await new LayerReplication(keyValue<User>()).start();
    const strict = keyValue<User>({ schema }).createSlaveLayer();
    await strict.open?.(null);
    const copy = { layer: strict, store: null, snapshots: 0, deltaBytes: 0 };
    await lax.sync(copy);
    lax.master.set('ok', GOOD);
    await lax.flush([copy], true);
    assert.equal(strict.get('ok'), GOOD);
    const task = lax.master.set('bad', BAD);
    await lax.flush([copy], true);
    assert.match(await outcome(() => task), /^Veto: the schema .*bad\.(age|name): /);
    lax.master.set('bad', BAD);
    await lax.flush();
    assert.match(await outcome(() => lax.sync(copy)), /^Veto: the schema/);
    const source = await lax.master.createSnapshot();
    assert.match(await outcome(() => lax.install(copy, source.chunks, source.position)), /^Veto/);
    assert.equal([...strict.keys()], ['ok']);
  });
}

/** The schema of a list, over one of an element, itself only the interface. */
function usersOf(schema: StandardSchema<User>): StandardSchema<{ users: User[] }> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      async validate(value) {
        const { users } = value as { users: User[] };
        const results = await Promise.all(users.map((user) => schema['~standard'].validate(user)));
        const issues = results.flatMap((result, index) =>
          (result.issues ?? []).map((issue) => ({
            ...issue,
            path: ['users', index, ...(issue.path ?? [])],
          })),
        );
        return issues.length === 0 ? { value } : { issues };
      },
    },
  };
}

test('what a schema makes of a value (defaults, transforms) is not used: copies hold what was sent', async () => {
  const schema = z.object({
    name: z.string().transform((name) => name.toUpperCase()),
    age: z.number().default(7),
  });
  const replication = await new LayerReplication(
    keyValue<unknown>({ schema: schema as StandardSchema<unknown> }),
  ).start();
  const copy = await replication.addCopy();
  await replication.sync(copy);
  replication.master.set('k', { name: 'ada' });
  await replication.flush([copy], true);
  assert.equal(copy.layer.get('k'), { name: 'ada' });
  assert.equal(replication.master.get('k'), { name: 'ada' });
});

test('a schema that throws or rejects is a refusal with its reason, not a crash', async () => {
  for (const validate of [
    () => {
      throw new Error('broken');
    },
    () => Promise.reject(new Error('broken')),
  ]) {
    const schema: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate } };
    const replication = await new LayerReplication(keyValue({ schema })).start();
    const task = replication.master.set('k', 1);
    await replication.flush();
    assert.match(await outcome(() => task), /^VETOED: .*the schema failed: broken/);
  }
});

test('an initial document that the schema refuses is refused on start', async () => {
  const definition = document({ n: -1 }, { schema: z.object({ n: z.number().min(0) }) });
  const started = new LayerReplication(definition).start();
  assert.match(await outcome(() => started), /^INVALID_OPTION: .*initial document: n: /);
});

test.run();
