import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';
import type { LayerDefinition } from '../../lib/layers/contract.js';
import { document } from '../../lib/layers/document/document.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';
import { STORELESS } from '../support/layer-storage.js';

const test = suite('layers: hostile bytes are refused with PROTOCOL, and the copy stays as it was');

interface Subject {
  readonly name: string;
  readonly definition: () => LayerDefinition<object, object>;
  readonly change: (data: object, round: number) => void;
  readonly content: (data: object) => string;
}

type Values = ReturnType<ReturnType<typeof keyValue>['createMasterLayer']>;
type Tree = ReturnType<ReturnType<typeof document<Record<string, unknown>>>['createMasterLayer']>;

const SUBJECTS: readonly Subject[] = [
  {
    name: 'keyValue',
    definition: () => keyValue(),
    change: (data, round) =>
      void (data as Values).set(`schlüssel ${round % 7}`, { round, at: new Date(round) }),
    content: (data) => encodeValue([...(data as Values).entries()]),
  },
  {
    name: 'document',
    definition: () => document<Record<string, unknown>>({ list: [1, 2, 3] }),
    change: (data, round) =>
      void (data as Tree).update((draft) => {
        draft[`schlüssel ${round % 7}`] = { round, at: new Date(round) };
      }),
    content: (data) => encodeValue((data as Tree).get()),
  },
];

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function mutated(bytes: Uint8Array, at: number, byte: number, kind: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const place = at % copy.length;
  if (kind === 0) return copy.subarray(0, place);
  if (kind === 1) return new Uint8Array([...copy, byte]);
  copy[place] = byte;
  return copy;
}

const mutation = fc.tuple(fc.nat(), fc.nat(255), fc.nat(4));

for (const subject of SUBJECTS) {
  async function prepared() {
    const replication = await new LayerReplication(subject.definition()).start();
    const copy = await replication.addCopy();
    await replication.sync(copy);
    const from = replication.position.version;
    for (let round = 0; round < 12; round += 1) {
      subject.change(replication.master, round);
      await replication.flush();
    }
    const next = replication.position;
    const delta = await replication.master.createDelta(from, next.version);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await replication.master.createSnapshot()).chunks)
      chunks.push(chunk.slice());
    const snapshot = new Uint8Array(Buffer.concat(chunks));
    return { replication, copy, next, bytes: replication.codec.encode(delta).slice(), snapshot };
  }

  /** Done, or a refusal; anything else would be a crash of the layer. */
  async function isTaken(act: () => unknown): Promise<boolean> {
    const told = await outcome(act);
    if (told === 'done') return true;
    assert.match(told, /^PROTOCOL: /);
    return false;
  }

  test(`${subject.name}: deltas`, async () => {
    const { copy, next, bytes, replication } = await prepared();
    const before = subject.content(copy.layer);
    const property = fc.asyncProperty(mutation, async ([at, byte, kind]) => {
      const hostile = mutated(bytes, at, byte, kind);
      await isTaken(async () => {
        await copy.layer.prepare('r', replication.codec.decode(hostile), next);
        // A value is decoded where it is read: a damaged one may wait in the delta until then.
      });
      await copy.layer.abort('r');
      assert.is(subject.content(copy.layer), before);
    });
    await fc.assert(property, { numRuns: 1500 });
    const random = fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (hostile) => {
      await isTaken(() => copy.layer.prepare('r', replication.codec.decode(hostile), next));
      assert.is(subject.content(copy.layer), before);
    });
    await fc.assert(random, { numRuns: 500 });
    await copy.layer.commit(replication.codec.decode(bytes), next, STORELESS);
    assert.is(subject.content(copy.layer), subject.content(replication.master));
  });

  test(`${subject.name}: snapshots`, async () => {
    const { copy, next, snapshot, replication } = await prepared();
    const before = subject.content(copy.layer);
    const property = fc.asyncProperty(mutation, async ([at, byte, kind]) => {
      const fresh = await replication.addCopy();
      replication.copies.length = 0;
      const hostile = mutated(snapshot, at, byte, kind);
      const taken = await isTaken(() => replication.install(fresh, once(hostile), next));
      assert.is(fresh.layer.position() !== null, taken);
      if (!taken) await isTaken(() => replication.install(copy, once(hostile), next));
      assert.is(subject.content(copy.layer), before);
    });
    await fc.assert(property, { numRuns: 700 });
    await replication.install(copy, once(snapshot), next);
    assert.is(subject.content(copy.layer), subject.content(replication.master));
  });
}

test('keyValue: a snapshot that lacks its last block is not taken for a whole one', async () => {
  const replication = await new LayerReplication(keyValue()).start();
  replication.master.set('k', 1);
  await replication.flush();
  const chunks: Uint8Array[] = [];
  const source = await replication.master.createSnapshot();
  for await (const chunk of source.chunks) chunks.push(chunk);
  const install = async (part: readonly Uint8Array[]): Promise<string> => {
    const copy = await replication.addCopy();
    const bytes = new Uint8Array(Buffer.concat(part));
    return outcome(() => replication.install(copy, once(bytes), source.position));
  };
  assert.is(await install(chunks), 'done');
  assert.match(await install(chunks.slice(0, -1)), /^PROTOCOL: .*ends too early/);
  assert.match(await install(chunks.slice(1)), /^PROTOCOL: .*keys are missing/);
  assert.match(await install([]), /^PROTOCOL: .*ends too early/);
  assert.match(await install([...chunks, ...chunks]), /^PROTOCOL: .*unexpected data/);
});

test('keyValue: a length of 4 GB in a snapshot is refused before anything is kept for it', async () => {
  const slave = keyValue({ budget: { textLengthMax: 1000 } }).createSlaveLayer();
  const next = { lineage: 'l', epoch: { term: 0, start: 1 }, version: 1, digest: 'd' };
  const told = await outcome(() =>
    slave.installSnapshot(once(new Uint8Array([255, 255, 255, 255, 1])), next, {
      durability: 'memory',
    }),
  );
  assert.match(told, /^PROTOCOL: .*a block of 4294967295 bytes/);
});

test('keyValue: a value that is none is told at the read, by PROTOCOL', async () => {
  const slave = keyValue().createSlaveLayer();
  const next = { lineage: 'l', epoch: { term: 0, start: 1 }, version: 1, digest: 'd' };
  const delta = { keys: ['k'], texts: ['j{'], slicedUnits: 0 };
  await slave.commit(
    slave.codec?.decode(keyValue().createMasterLayer().codec?.encode(delta) as Uint8Array),
    next,
    STORELESS,
  );
  assert.throws(
    () => slave.get('k'),
    (error: unknown) => error instanceof ReplicationError && error.code === 'PROTOCOL',
  );
});

test.run();
