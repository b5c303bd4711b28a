/** Options of waits and starts: a wrong one is refused by name, never taken for another one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';

const test = suite('service: options of waits and starts');

const WRONG: readonly unknown[] = [
  // Above 2^31 - 1 a system's timer fires at once: a wait of a month would fail after 1 ms.
  ...[2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, -1, null, '3'].map((timeout) => ({ timeout })),
  { signal: 'stop' },
  { timout: 5000 },
  null,
];

async function refusal(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error instanceof ReplicationError ? error.code : error;
  }
  return 'accepted';
}

test('waits and starts refuse what they do not know with INVALID_OPTION', async () => {
  const network = memoryNetwork();
  const transport = network.listen('master');
  const master = createMaster({ item: 'item', data: document({ a: 1 }), transport });
  const connect = network.connect({ to: 'master', name: 's' });
  const slave = createSlave({ item: 'item', data: document(), transport: connect, id: 's' });
  assert.is(await refusal(() => master.start(null as never)), 'INVALID_OPTION');
  assert.is(await refusal(() => slave.start({ timeout: 1 } as never)), 'INVALID_OPTION');
  await master.start();
  await slave.start();
  try {
    await slave.current({ timeout: 2 ** 31 - 1 });
    for (const options of WRONG as readonly never[]) {
      const shown = JSON.stringify(options);
      assert.is(await refusal(() => slave.current(options)), 'INVALID_OPTION', shown);
      assert.is(await refusal(() => slave.waitFor(99, options)), 'INVALID_OPTION', shown);
      assert.is(await refusal(() => master.slavesAt(99, options)), 'INVALID_OPTION', shown);
    }
  } finally {
    await slave.stop();
    await master.stop();
  }
});

test.run();
