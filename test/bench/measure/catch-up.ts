/** W3: a slave that has nothing, or has missed something, until it has everything. */
import type { Cluster } from '../cluster.js';
import type { NodeProcess } from '../node-process.js';

export interface CatchUpSize {
  readonly keys: number;
  /** Versions that the returning slave has missed. */
  readonly missed: number;
}

/** Fills the original before any slave is there. */
export async function fill(cluster: Cluster, keys: number): Promise<void> {
  const firstSequence = cluster.sequences(keys);
  await cluster.master.ask('load', { updates: keys, keys, firstSequence });
}

async function connect(slave: NodeProcess) {
  const before = await slave.ask('usage', null);
  const { startUs, endsUs } = await slave.ask('connect', null);
  const after = await slave.ask('usage', null);
  return {
    ms: (Math.max(...endsUs) - startUs) / 1000,
    bytes: after.socketBytes - before.socketBytes,
  };
}

async function expectKeys(slave: NodeProcess, keys: number): Promise<void> {
  const size = await slave.ask('size', null);
  if (size.keys !== keys) throw new Error(`a slave came up with ${size.keys} of ${keys} keys`);
}

/** A process that was just started joins; it ends with the round. */
export async function measureEmpty(cluster: Cluster, { keys }: CatchUpSize) {
  const slave = await cluster.addSlaves(`joiner-${cluster.sequences(1)}`, 1);
  try {
    const { ms, bytes } = await connect(slave);
    await expectKeys(slave, keys);
    await cluster.verify(keys - 1);
    return [
      { variant: 'empty', unit: 'ms', value: ms },
      { variant: 'empty-bytes', unit: 'bytes', value: bytes },
    ];
  } finally {
    await cluster.removeSlaves(slave);
  }
}

/** A slave goes, misses as many versions, and comes back to the same master. */
export async function measureBehind(cluster: Cluster, { keys, missed }: CatchUpSize) {
  const [slave] = cluster.slaves;
  if (slave === undefined) throw new Error('addReturning comes first');
  await slave.ask('disconnect', null);
  const firstSequence = cluster.sequences(missed);
  // One update per turn of the event loop: each is a version of its own.
  const plan = { updates: missed, keys, firstSequence, updatesPerTurn: 1 };
  await cluster.master.ask('load', plan);
  const { ms, bytes } = await connect(slave);
  await expectKeys(slave, keys);
  await cluster.verify(keys - 1);
  return [
    { variant: `behind-${missed}`, unit: 'ms', value: ms },
    { variant: `behind-${missed}-bytes`, unit: 'bytes', value: bytes },
  ];
}

/** The slave that will go and come back. */
export async function addReturning(cluster: Cluster): Promise<void> {
  const slave = await cluster.addSlaves('returning', 1);
  await slave.ask('connect', null);
}
