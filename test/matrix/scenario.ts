/**
 * The one scenario of the matrix, the same for every transport, layer and store: join, one-phase,
 * two-phase, veto, a change larger than any frame, a slave killed and back, the master restarted.
 */
import assert from 'node:assert/strict';
import { ReplicationError, type SlaveTransport, Veto } from '../../lib/index.js';
import type { MatrixLayerKind, MatrixMaster, MatrixSlave } from './layers.js';
import type { MatrixNetwork } from './network.js';
import type { Refusal } from './refusal.js';
import type { MatrixStores } from './stores.js';

export interface MatrixCell {
  readonly network: MatrixNetwork;
  readonly layer: MatrixLayerKind;
  readonly stores: MatrixStores;
}

interface LiveSlave extends MatrixSlave {
  readonly transport: SlaveTransport;
}

const WAIT = { timeout: 60_000 };
const TWO_PHASE = { method: 'two-phase', ack: 'applied', timeout: 20_000 } as const;
const HEARTBEAT_MS = 100;
const REFUSED = 'not on b';
/** More than a datagram, a message of NATS, or what travels inline (`inlineBytesMax`). */
const LARGE = 'larger than a frame '.repeat(75_000);

const all: Refusal = () => undefined;
const notOnB: Refusal = (key, value) => {
  if (value === REFUSED) throw new Veto(`${key} is ${value}`);
};

class Scenario {
  readonly #cell: MatrixCell;
  readonly #running = new Set<{ stop(): Promise<void> }>();
  master!: MatrixMaster;

  constructor(cell: MatrixCell) {
    this.#cell = cell;
  }

  async startMaster(): Promise<void> {
    const { layer, network, stores } = this.#cell;
    this.master = layer.master({
      item: 'matrix',
      id: 'master',
      transport: network.listen(),
      store: stores.of('master'),
      heartbeat: HEARTBEAT_MS,
    });
    await this.master.node.start();
    this.#running.add(this.master.node);
  }

  async startSlave(id: string, refuse: Refusal): Promise<LiveSlave> {
    const { layer, network, stores } = this.#cell;
    const transport = network.connect(id);
    const silence = 6 * HEARTBEAT_MS;
    const parts = { item: 'matrix', id, transport, store: stores.of(id), silence };
    const slave = layer.slave(parts, refuse);
    await slave.node.start();
    this.#running.add(slave.node);
    return { ...slave, transport };
  }

  /** As it dies: its connection breaks before it can say a word, and no other comes. */
  async kill(slave: LiveSlave): Promise<void> {
    await slave.transport.close();
    await this.stop(slave.node);
  }

  async stop(node: { stop(): Promise<void> }): Promise<void> {
    await node.stop();
    this.#running.delete(node);
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running].map((node) => node.stop()));
  }
}

async function rounds(scenario: Scenario, a: LiveSlave, b: LiveSlave): Promise<void> {
  const { master } = scenario;
  const one = await master.put('method', 'one-phase');
  await Promise.all([a.node.waitFor(one.version, WAIT), b.node.waitFor(one.version, WAIT)]);
  assert.deepEqual([a.get('method'), b.get('method')], ['one-phase', 'one-phase']);

  const two = await master.put('method', 'two-phase', TWO_PHASE);
  assert.ok(two.participants.length > 0, 'nobody was asked');
  assert.deepEqual(two.unconfirmed, []);
  assert.deepEqual([a.get('method'), b.get('method')], ['two-phase', 'two-phase']);

  const vetoed = master.put('method', REFUSED, TWO_PHASE);
  const error = await vetoed.then(
    () => assert.fail('a change that b refuses was made'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ReplicationError && error.code === 'ABORTED', String(error));
  assert.match(error.message, new RegExp(REFUSED));
  assert.deepEqual([a.get('method'), b.get('method')], ['two-phase', 'two-phase']);
}

/** @throws what does not hold */
export async function runScenario(cell: MatrixCell): Promise<void> {
  const scenario = new Scenario(cell);
  try {
    await scenario.startMaster();
    const a = await scenario.startSlave('a', all);
    const b = await scenario.startSlave('b', notOnB);
    await Promise.all([a.node.current(WAIT), b.node.current(WAIT)]);
    await rounds(scenario, a, b);

    const large = await scenario.master.put('large', LARGE, TWO_PHASE);
    await scenario.kill(b);
    await scenario.master.put('while b was away', '1');
    const missed = await scenario.master.put('while b was away', '2');
    await a.node.waitFor(missed.version, WAIT);
    const again = await scenario.startSlave('b', notOnB);
    assert.ok((again.node.position?.version ?? 0) >= large.version, 'b lost what it had');
    await again.node.waitFor(missed.version, WAIT);
    assert.equal(again.get('while b was away'), '2');
    assert.equal(again.get('large'), LARGE);

    await scenario.stop(scenario.master.node);
    assert.equal(a.get('while b was away'), '2');
    await scenario.startMaster();
    // Both are back once both have this: a round asks those who are connected.
    const back = await scenario.master.put('after the restart', 'no');
    await Promise.all([a.node.waitFor(back.version, WAIT), again.node.waitFor(back.version, WAIT)]);
    await scenario.master.put('after the restart', 'yes', TWO_PHASE);
    assert.deepEqual([a.get('after the restart'), again.get('after the restart')], ['yes', 'yes']);
  } finally {
    await scenario.end();
  }
}
