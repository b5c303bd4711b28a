/**
 * The contract of user layers, as a suite that any layer can be held against: the layer is driven
 * directly, by random operations from a printed seed.
 */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LayerDefinition } from '../../lib/layers/contract.js';
import { type Copy, LayerReplication } from './layer-replication.js';
import { STORELESS } from './layer-storage.js';

/** The mulberry32 generator: a seed names the whole run. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

export interface LayerSubject<MasterData, SlaveData> {
  readonly name: string;
  readonly definition: () => LayerDefinition<MasterData, SlaveData>;
  /** One random change, submitted through the master's face. */
  readonly change: (data: MasterData, random: SeededRandom) => void;
  /** The whole content as text, in the order that readers see: equal copies, equal bytes. */
  readonly content: (data: MasterData | SlaveData) => string;
  /** True where any retained `from` leads to any retained `to`. */
  readonly backwards: boolean;
}

function seeds(count: number): number[] {
  const named = process.env.LAYER_SEED;
  if (named !== undefined) return [Number(named)];
  return Array.from({ length: count }, () => Math.floor(Math.random() * 2 ** 32));
}

async function withSeeds(count: number, act: (random: SeededRandom) => Promise<void>) {
  for (const seed of seeds(count)) {
    try {
      await act(new SeededRandom(seed));
    } catch (error) {
      console.error(`LAYER_SEED=${seed} reproduces this:`);
      throw error;
    }
  }
}

/** What the tests of one subject share. */
class ContractKit<MasterData, SlaveData> {
  readonly subject: LayerSubject<MasterData, SlaveData>;

  constructor(subject: LayerSubject<MasterData, SlaveData>) {
    this.subject = subject;
  }

  assertEqual(replication: LayerReplication<MasterData, SlaveData>, copy: Copy<SlaveData>): void {
    const { master } = replication;
    assert.equal(copy.layer.position(), master.position());
    assert.is(copy.layer.contentHash?.(), master.contentHash?.());
    const { content } = this.subject;
    assert.is(content(copy.layer), content(master));
  }

  /** Changes that reach no copy. */
  async advance(
    replication: LayerReplication<MasterData, SlaveData>,
    random: SeededRandom,
  ): Promise<void> {
    for (let count = 0; count < 3; count += 1) this.subject.change(replication.master, random);
    await replication.flush();
  }

  async step(
    replication: LayerReplication<MasterData, SlaveData>,
    random: SeededRandom,
  ): Promise<void> {
    const changes = random.below(6);
    for (let count = 0; count < changes; count += 1)
      this.subject.change(replication.master, random);
    const push = replication.copies.filter(() => random.chance(0.6));
    await replication.flush(push, random.chance(0.3));
  }
}

function equalWhateverWay<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  test(`${subject.name}: S4 copies are equal whatever way they came to a version`, async () => {
    await withSeeds(15, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      for (let index = 0; index < 3; index += 1) await replication.addCopy();
      for (let round = 0; round < 60; round += 1) {
        await kit.step(replication, random);
        const copy = random.pick(replication.copies);
        if (random.chance(0.3)) await replication.sync(copy);
        if (copy.layer.position()?.version === replication.position.version) {
          kit.assertEqual(replication, copy);
        }
      }
      for (const copy of replication.copies) {
        await replication.sync(copy);
        kit.assertEqual(replication, copy);
      }
    });
  });
}

function restartFromStore<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: P4 a restart from the store finds content and position`, async () => {
    await withSeeds(10, async (random) => {
      const replication = await new LayerReplication(subject.definition(), true).start();
      const copy = await replication.addCopy(true);
      for (let round = 0; round < 40; round += 1) {
        await kit.step(replication, random);
        if (random.chance(0.3)) await replication.sync(copy);
        if (random.chance(0.2)) {
          const before = content(copy.layer);
          await replication.restartCopy(copy);
          assert.is(content(copy.layer), before);
        }
        if (random.chance(0.2)) {
          const before = content(replication.master);
          const { position } = replication;
          await replication.start();
          assert.is(content(replication.master), before);
          assert.equal(replication.position, position);
        }
      }
      await replication.sync(copy);
      kit.assertEqual(replication, copy);
    });
  });
}

function snapshotWhileChanging<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: a snapshot is one version, while changes go on`, async () => {
    await withSeeds(10, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      for (let round = 0; round < 20; round += 1) await kit.step(replication, random);
      const expected = content(replication.master);
      const source = await replication.master.createSnapshot();
      const slow = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of source.chunks) {
          for (let at = 0; at < chunk.length; ) {
            const end = at + 1 + random.below(chunk.length);
            yield chunk.slice(at, end);
            at = end;
            await kit.step(replication, random);
          }
        }
      };
      const copy = await replication.addCopy();
      await replication.install(copy, slow(), source.position);
      assert.is(content(copy.layer), expected);
      assert.equal(copy.layer.position(), source.position);
      await replication.sync(copy);
      kit.assertEqual(replication, copy);
    });
  });
}

function brokenSnapshot<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: a snapshot that breaks off leaves copy and store as they were`, async () => {
    await withSeeds(10, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      const copy = await replication.addCopy(true);
      for (let round = 0; round < 10; round += 1) await kit.step(replication, random);
      await replication.sync(copy);
      const before = content(copy.layer);
      const stored = new Map(copy.store?.data);
      for (let round = 0; round < 5; round += 1) await kit.advance(replication, random);
      const chunks: Uint8Array[] = [];
      const source = await replication.master.createSnapshot();
      for await (const chunk of source.chunks) chunks.push(chunk.slice());
      const bytes = Buffer.concat(chunks);
      const broken = async function* (thrown: boolean): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, random.below(bytes.length));
        if (thrown) throw new Error('given up');
      };
      for (const thrown of [true, false]) {
        const failed = await replication.install(copy, broken(thrown), source.position).then(
          () => false,
          () => true,
        );
        assert.ok(failed);
        assert.is(content(copy.layer), before);
        assert.equal(copy.store?.data, stored);
      }
    });
  });
}

function abortLeavesNothing<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: S9 what was prepared and aborted was never there`, async () => {
    await withSeeds(10, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      const copy = await replication.addCopy(true);
      await kit.step(replication, random);
      await replication.sync(copy);
      for (let round = 0; round < 20; round += 1) {
        const before = content(copy.layer);
        const stored = new Map(copy.store?.data);
        await kit.advance(replication, random);
        const next = replication.position;
        const from = copy.layer.position()?.version ?? 0;
        if (from === next.version) continue;
        const delta = await replication.master.createDelta(from, next.version);
        if (typeof delta === 'symbol') throw new Error('history was too short for this test');
        const bytes = replication.codec.encode(delta);
        await copy.layer.prepare('r', replication.codec.decode(bytes), next);
        assert.is(content(copy.layer), before);
        assert.equal(copy.store?.data, stored);
        if (random.chance(0.5)) await copy.layer.abort('r');
        assert.is(content(copy.layer), before);
        if (random.chance(0.5)) await replication.sync(copy);
      }
      await replication.sync(copy);
      kit.assertEqual(replication, copy);
    });
  });
}

function idempotentCommit<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  test(`${subject.name}: P9 a commit is idempotent by its version`, async () => {
    await withSeeds(5, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      const copy = await replication.addCopy();
      await replication.sync(copy);
      const from = replication.position.version;
      for (let round = 0; round < 8; round += 1) await kit.advance(replication, random);
      const next = replication.position;
      const delta = await replication.master.createDelta(from, next.version);
      if (typeof delta === 'symbol') throw new Error('history was too short for this test');
      const bytes = replication.codec.encode(delta);
      const late = await replication.addCopy();
      await replication.sync(late);
      for (let count = 0; count < 3; count += 1) {
        await copy.layer.commit(replication.codec.decode(bytes), next, STORELESS);
        await replication.master.commit(delta, next, STORELESS);
        kit.assertEqual(replication, copy);
      }
      // Redone when the copy is further on already: it stays there.
      for (let round = 0; round < 8; round += 1) await kit.advance(replication, random);
      await replication.sync(copy);
      await copy.layer.commit(replication.codec.decode(bytes), next, STORELESS);
      await replication.master.commit(delta, next, STORELESS);
      kit.assertEqual(replication, copy);
      await replication.sync(late);
      kit.assertEqual(replication, late);
    });
  });
}

function failedWrite<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: S9 a write that fails leaves readers where they were`, async () => {
    await withSeeds(5, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      const copy = await replication.addCopy(true);
      await replication.sync(copy);
      const before = content(copy.layer);
      const position = copy.layer.position();
      while (replication.position.version === position?.version)
        await kit.advance(replication, random);
      if (copy.store === null) throw new Error('the copy has no store');
      copy.store.failure = new Error('the disk is full');
      const failed = await replication.sync(copy).then(
        () => false,
        () => true,
      );
      assert.ok(failed);
      assert.is(content(copy.layer), before);
      assert.equal(copy.layer.position(), position);
      copy.store.failure = null;
      await replication.sync(copy);
      kit.assertEqual(replication, copy);
    });
  });
}

function arbitraryDeltas<MasterData, SlaveData>(
  test: Test,
  kit: ContractKit<MasterData, SlaveData>,
): void {
  const { subject } = kit;
  const { content } = subject;
  test(`${subject.name}: claims 8, 16: deltas between arbitrary versions`, async () => {
    await withSeeds(8, async (random) => {
      const replication = await new LayerReplication(subject.definition()).start();
      const known = new Map<number, { copy: Copy<SlaveData>; text: string }>();
      for (let round = 0; round < 12; round += 1) {
        await kit.advance(replication, random);
        const { version } = replication.position;
        if (known.has(version)) continue;
        const copy = await replication.addCopy();
        await replication.sync(copy);
        known.set(version, { copy, text: content(replication.master) });
      }
      const versions = [...known.keys()];
      replication.copies.length = 0;
      const last = versions.at(-1) as number;
      for (const [from, { copy }] of known) {
        const to = subject.backwards ? random.pick(versions) : last;
        if (to === from) continue;
        const delta = await replication.master.createDelta(from, to);
        if (typeof delta === 'symbol') throw new Error(`no delta from ${from} to ${to}`);
        const decoded = replication.codec.decode(replication.codec.encode(delta));
        // A lower version is a no-op by number; the layer is asked for the content alone.
        const next = { ...replication.position, lineage: 'elsewhere', version: to };
        await copy.layer.commit(decoded, next, STORELESS);
        assert.is(content(copy.layer), known.get(to)?.text);
      }
    });
  });
}

/** Declares the contract's tests for one layer. */
export function layerContract<MasterData, SlaveData>(
  test: Test,
  subject: LayerSubject<MasterData, SlaveData>,
): void {
  const kit = new ContractKit(subject);
  equalWhateverWay(test, kit);
  restartFromStore(test, kit);
  snapshotWhileChanging(test, kit);
  brokenSnapshot(test, kit);
  abortLeavesNothing(test, kit);
  idempotentCommit(test, kit);
  failedWrite(test, kit);
  arbitraryDeltas(test, kit);
}
