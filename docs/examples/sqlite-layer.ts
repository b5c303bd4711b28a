/**
 * A host's own layer: a table of prices in SQLite, on the master and on its slaves. The position
 * stands in the same SQL transaction as the rows, so a crash can never part them (S8). The engine
 * here is SQLite as WebAssembly, since it installs everywhere; any other SQLite does as well.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import {
  createMaster,
  createSlave,
  defineLayer,
  type MasterService,
  type MasterUserLayer,
  NEEDS_SNAPSHOT,
  type ReplicationTask,
  type SlaveUserLayer,
  type SnapshotSource,
  type UpdateOptions,
  Veto,
} from 'replichart';
import type { Position } from 'replichart/machines';
import { diskStore } from 'replichart/stores/disk';
import { memoryNetwork } from 'replichart/transports/memory';

/** One row; `cents` null is a price that was taken away, kept so that slaves behind learn of it. */
type Price = { readonly sku: string; readonly cents: number | null };
type Prices = readonly Price[];

const ROWS_PER_CHUNK = 500;
const TABLES = `
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS price (sku TEXT PRIMARY KEY, cents INTEGER, version INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS price_by_version ON price (version);
  CREATE TABLE IF NOT EXISTS position (only INTEGER PRIMARY KEY CHECK (only = 1), json TEXT);
  CREATE TEMP TABLE incoming (sku TEXT PRIMARY KEY, cents INTEGER, version INTEGER NOT NULL);
`;

/** What both roles share: the table, and changing it together with the position. */
class PriceTable {
  protected readonly db: sqlite.Database;

  constructor(file: string) {
    this.db = new sqlite.Database(file);
    this.db.exec(TABLES);
  }

  price(sku: string): number | null {
    const row = this.db.get('SELECT cents FROM price WHERE sku = ?', sku);
    return row === null ? null : (row.cents as number | null);
  }

  position(): Position | null {
    const row = this.db.get('SELECT json FROM position');
    return row === null ? null : (JSON.parse(row.json as string) as Position);
  }

  close(): void {
    this.db.close();
  }

  protected rows(where: string, ...values: number[]): Prices {
    const found = this.db.all(`SELECT sku, cents FROM price WHERE ${where}`, values);
    return found.map(({ sku, cents }) => ({ sku: sku as string, cents: cents as number | null }));
  }

  /** Idempotent: a decided delta comes again after a crash (P9). */
  commit(delta: Prices, next: Position): void {
    const held = this.position();
    if (held?.lineage === next.lineage && held.version >= next.version) return;
    this.transaction(next, () => this.put('price', delta, next.version));
  }

  /** Rows and position together, or neither. */
  protected transaction(next: Position, change: () => void): void {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      change();
      this.db.run('INSERT OR REPLACE INTO position VALUES (1, ?)', JSON.stringify(next));
      this.db.exec('COMMIT');
    } catch (error) {
      this.db.exec('ROLLBACK');
      throw error;
    }
  }

  protected put(table: 'price' | 'incoming', prices: Prices, version: number): void {
    const statement = this.db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`);
    try {
      for (const { sku, cents } of prices) statement.run([sku, cents, version]);
    } finally {
      statement.finalize();
    }
  }
}

class PriceMaster extends PriceTable implements MasterUserLayer<Prices> {
  #service: MasterService<Prices> | null = null;

  attach(service: MasterService<Prices>): void {
    this.#service = service;
    service.start([]);
  }

  /** What hosts call: one change, which is a delta already. */
  set(sku: string, cents: number | null, options?: UpdateOptions): ReplicationTask {
    if (this.#service === null) throw new Error('give this layer to createMaster first');
    return this.#service.submit([{ sku, cents }], options);
  }

  /** Every row that changed after `from`; only up to the present can be told. */
  createDelta(from: number, to: number): Prices | typeof NEEDS_SNAPSHOT {
    if (from > to || to !== this.position()?.version) return NEEDS_SNAPSHOT;
    return this.rows('version > ?', from);
  }

  /** Read at once: the view has to stay as it is while changes go on. */
  createSnapshot(): SnapshotSource {
    const position = this.position();
    if (position === null) throw new Error('there is no first version yet');
    const rows = this.rows('cents IS NOT NULL');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < rows.length; at += ROWS_PER_CHUNK) {
        const part = rows.slice(at, at + ROWS_PER_CHUNK);
        yield new TextEncoder().encode(`${JSON.stringify(part)}\n`);
      }
    }
    return { position, chunks: chunks() };
  }

  /** Nothing was done for it before commit. */
  rollback(): void {}
}

class PriceSlave extends PriceTable implements SlaveUserLayer<Prices> {
  /** This slave's vote. It changes nothing that readers see. */
  prepare(_round: string, delta: Prices): void {
    const negative = delta.find(({ cents }) => cents !== null && cents < 0);
    if (negative !== undefined)
      throw new Veto(`${negative.sku} would cost ${negative.cents} cents`);
  }

  abort(): void {}

  /** Parts are cut anywhere, lines are not; readers see the old rows until all are here. */
  async installSnapshot(chunks: AsyncIterable<Uint8Array>, next: Position): Promise<void> {
    this.db.exec('DELETE FROM incoming');
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.put('incoming', JSON.parse(line) as Prices, next.version);
    }
    this.transaction(next, () => {
      this.db.exec('DELETE FROM price; INSERT INTO price SELECT * FROM incoming');
    });
    this.db.exec('DELETE FROM incoming');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'replichart-sqlite-'));
const network = memoryNetwork();
const openMaster = () =>
  createMaster({
    item: 'prices',
    data: defineLayer({ master: () => new PriceMaster(join(folder, 'master.sqlite')) }),
    transport: network.listen(),
    store: diskStore(join(folder, 'master')),
  });
const openSlave = () =>
  createSlave({
    item: 'prices',
    data: defineLayer({ slave: () => new PriceSlave(join(folder, 'slave.sqlite')) }),
    transport: network.connect(),
    store: diskStore(join(folder, 'slave')),
    id: 'shop-1',
  });

const master = openMaster();
await master.start();
const slave = openSlave();
await slave.start();
await slave.current({ timeout: 5000 });

const apple = await master.data.set('apple', 120);
await slave.waitFor(apple.version, { timeout: 5000 });
assert.equal(slave.data.price('apple'), 120);

const twoPhase = { method: 'two-phase', ack: 'applied' } as const;
await assert.rejects(async () => master.data.set('apple', -1, twoPhase), { code: 'ABORTED' });
await master.data.set('pear', 90, twoPhase);
assert.deepEqual([slave.data.price('apple'), slave.data.price('pear')], [120, 90]);

// A slave that was away gets the rows that changed; it never lost or repeated one.
await slave.stop();
await master.data.set('apple', 130);
await master.data.set('pear', null);
const back = openSlave();
await back.start();
assert.equal(back.data.price('apple'), 120);
await back.current({ timeout: 5000 });
assert.deepEqual([back.data.price('apple'), back.data.price('pear')], [130, null]);

await Promise.all([back.stop(), master.stop()]);
rmSync(folder, { recursive: true });
