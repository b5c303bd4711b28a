/**
 * P3, P6, claims 8 and 16: keyValue with a million keys over real sockets. A slave that is behind
 * receives what changed and not what exists; a first copy that is cut goes on where it stopped.
 * Bytes are counted on the wire, by a relay between the two.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, keyValue, type TransferProgress } from '../../lib/index.js';
import type { KeyValueOperation } from '../../lib/layers/key-value/options.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { CountingRelay } from '../support/process-relay.js';

const test = suite('processes: a million keys');

const KEYS = 1_000_000;
const BATCH_KEYS = 20_000;
const VERSIONS_BEHIND = 1000;
const HEARTBEAT_MS = 200;
const DEADLINE_MS = 200_000;
const MIB = 1024 * 1024;

const keyOf = (index: number) => `key-${index}`;

type Value = { readonly number: number; readonly label: string };

const firstValue = (index: number): Value => ({ number: index, label: `label of ${index}` });

interface Scene {
  readonly master: ReturnType<typeof masterOn>;
  readonly slave: ReturnType<typeof slaveOn>;
  readonly relay: CountingRelay;
  readonly progress: TransferProgress[];
  readonly troubles: string[];
}

function masterOn(transport: ReturnType<typeof tcpListen>) {
  return createMaster({
    item: 'million',
    data: keyValue<Value>(),
    transport,
    heartbeat: HEARTBEAT_MS,
  });
}

function slaveOn(port: number) {
  return createSlave({
    item: 'million',
    id: 'slave',
    data: keyValue<Value>(),
    transport: tcpConnect({ port, reconnectMsMax: HEARTBEAT_MS }),
    silence: 3 * HEARTBEAT_MS,
  });
}

/** A full master, and a slave behind a relay that has not begun yet. */
async function withScene(use: (scene: Scene) => Promise<void>): Promise<void> {
  const transport = tcpListen({ port: 0 });
  const master = masterOn(transport);
  await master.start();
  const relay = await CountingRelay.start(transport.port);
  const slave = slaveOn(relay.port);
  const progress: TransferProgress[] = [];
  const troubles: string[] = [];
  slave.on('progress', (each) => progress.push(each));
  master.on('trouble', ({ code, reason }) => troubles.push(`master: ${code}: ${reason}`));
  slave.on('trouble', ({ code, reason }) => troubles.push(`slave: ${code}: ${reason}`));
  try {
    for (let from = 0; from < KEYS; from += BATCH_KEYS) await master.data.batch(filling(from));
    await use({ master, slave, relay, progress, troubles });
  } finally {
    await slave.stop();
    await master.stop();
    await relay.close();
  }
}

function filling(from: number): KeyValueOperation<Value>[] {
  return Array.from({ length: BATCH_KEYS }, (_, place) => {
    const index = from + place;
    return { op: 'set', key: keyOf(index), value: firstValue(index) };
  });
}

/** Bytes of the changed keys and values alone, as JSON has them: what any protocol must send. */
function bytesOfChanges(indexes: readonly number[], value: (index: number) => Value): number {
  return indexes.reduce(
    (sum, index) => sum + keyOf(index).length + JSON.stringify(value(index)).length,
    0,
  );
}

async function firstCopy({ master, slave, relay, progress, troubles }: Scene): Promise<void> {
  // Its size is not known before it was made once; a value and its key tell about enough.
  const aboutBytes = KEYS * (bytesOfChanges([KEYS / 2], firstValue) + 3);
  relay.cutAt(aboutBytes / 2);
  const began = performance.now();
  await slave.start();
  await slave.waitFor(master.position?.version ?? 0, { timeout: DEADLINE_MS });
  const seconds = (performance.now() - began) / 1000;
  const last = progress.at(-1);
  assert.is(last?.kind, 'snapshot');
  const whole = last?.bytes ?? 0;
  const shown = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  console.log(
    `    first copy: ${shown(whole)} in ${last?.chunks} parts, ${shown(relay.bytes)} on the wire ` +
      `with one cut, ${seconds.toFixed(1)} s`,
  );
  const told = troubles.join('; ');
  assert.is(relay.connections, 2, `one cut, one reconnection: ${told}`);
  assert.ok(relay.bytes < 1.3 * whole, `${relay.bytes} bytes for a copy of ${whole}: ${told}`);
  // A transfer that had begun anew would have counted its parts from 1 again.
  const falls = progress.filter((each, place) => each.chunks <= (progress[place - 1]?.chunks ?? 0));
  assert.equal(falls, [], told);
  assert.is(slave.data.size, KEYS);
  assert.is(slave.data.contentHash(), master.data.contentHash());
}

async function catchUp({ master, slave, relay, progress }: Scene): Promise<void> {
  relay.block();
  const changed = Array.from({ length: VERSIONS_BEHIND }, (_, place) => (place * 997) % KEYS);
  const newValue = (index: number): Value => ({ number: -index, label: `changed ${index}` });
  for (const index of changed) await master.data.set(keyOf(index), newValue(index));
  const behind = (master.position?.version ?? 0) - (slave.position?.version ?? 0);
  assert.is(behind, VERSIONS_BEHIND);
  relay.reset();
  progress.length = 0;
  relay.allow();
  const began = performance.now();
  await slave.waitFor(master.position?.version ?? 0, { timeout: DEADLINE_MS });
  const bytes = relay.bytes;
  const least = bytesOfChanges(changed, newValue);
  console.log(
    `    ${VERSIONS_BEHIND} versions behind: ${bytes} bytes on the wire for ${least} bytes of ` +
      `changed keys and values, ${(performance.now() - began).toFixed(0)} ms`,
  );
  assert.ok(bytes >= least, `${bytes} bytes cannot hold ${least}`);
  // Handshake, welcome and a heartbeat or two come on top of the increment itself.
  assert.ok(bytes <= 1.5 * least + 4096, `${bytes} bytes for ${least}`);
  assert.equal(
    progress.map(({ kind }) => kind),
    ['delta'],
  );
  assert.is(slave.data.get(keyOf(997))?.number, -997);
  assert.is(slave.data.contentHash(), master.data.contentHash());
}

test('P6: a first copy of a million keys, cut in the middle, goes on where it stopped; P3: 1,000 versions cost what changed', () =>
  withScene(async (scene) => {
    await firstCopy(scene);
    await catchUp(scene);
  }));

test.run();
