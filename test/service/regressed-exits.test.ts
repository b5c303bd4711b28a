import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, keyValue, ReplicationError } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';

const test = suite('the exits of an original that is lost or old');

const DEADLINE = { timeout: 5000 };

// With the memory network nothing but a wait of the library's own holds the process.
let hold: ReturnType<typeof setInterval>;
test.before(() => {
  hold = setInterval(() => {}, 1000);
});
test.after(() => clearInterval(hold));

/** A durable lineage is what regresses; a memory store stands in for a disk that keeps it. */
function durableStore() {
  const store = memoryStore();
  return {
    ...store,
    durable: true,
    open: async () => {
      const opened = await store.open();
      return new Proxy(opened, {
        get: (target, name) => {
          if (name === 'durable') return true;
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

const item = 'flags';

test('P22: a master takes over on a slave’s store, under a later term, and the others follow', async () => {
  const network = memoryNetwork();
  const stores = { one: durableStore(), two: durableStore() };
  const slaveOf = (id: 'one' | 'two', to: string) =>
    createSlave({
      item,
      id,
      data: keyValue<number>(),
      store: stores[id],
      transport: network.connect({ to, name: `${id}-${to}` }),
    });
  const first = createMaster({
    item,
    data: keyValue<number>(),
    store: durableStore(),
    transport: network.listen('first'),
    heartbeat: 50,
  });
  await first.start();
  const one = slaveOf('one', 'first');
  const two = slaveOf('two', 'first');
  await one.start();
  await two.start();
  await one.current(DEADLINE);
  await two.current(DEADLINE);
  const { version } = await first.data.set('a', 1, { method: 'two-phase', ack: 'applied' });
  await one.stop();
  await two.stop();
  const lost = first.position;
  await first.stop();

  const slip = createMaster({
    item,
    data: keyValue<number>(),
    store: stores.one,
    transport: network.listen('slip'),
  });
  const refusal = await slip.start().catch((error: ReplicationError) => error);
  assert.is(refusal?.code, 'INVALID_OPTION', 'never by mistake');
  assert.match(refusal?.message ?? '', 'takeover: true');

  const second = createMaster({
    item,
    data: keyValue<number>(),
    store: stores.one,
    transport: network.listen('second'),
    heartbeat: 50,
    takeover: true,
  });
  await second.start();
  assert.is(second.data.get('a'), 1, 'the copy is the original now');
  assert.is(second.position?.lineage, lost?.lineage, 'of the same lineage');
  assert.is(second.position?.epoch.term, (lost?.epoch.term ?? 0) + 1, 'under a later term');

  const follower = slaveOf('two', 'second');
  await follower.start();
  await follower.current(DEADLINE);
  const next = await second.data.set('b', 2, { method: 'two-phase', ack: 'applied' });
  assert.ok(next.version > version, 'no number is issued again (P7)');
  assert.equal(next.unconfirmed, []);
  assert.is(follower.data.get('b'), 2);
  await follower.stop();
  await second.stop();
});

test('P16: an emptied original cannot make a slave rewind; a new lineage is taken by order', async () => {
  const network = memoryNetwork();
  const kept = durableStore();
  const full = createMaster({
    item,
    data: keyValue<string>(),
    store: kept,
    transport: network.listen('m'),
    heartbeat: 50,
  });
  const slave = createSlave({
    item,
    id: 's',
    data: keyValue<string>(),
    store: durableStore(),
    transport: network.connect({ to: 'm', name: 's' }),
    retry: 50,
    silence: 300,
  });
  await full.start();
  await slave.start();
  await slave.current(DEADLINE);
  await full.data.set('a', 'kept', { method: 'two-phase', ack: 'applied' });
  await full.stop();

  const emptied = createMaster({
    item,
    data: keyValue<string>(),
    store: durableStore(),
    transport: network.listen('m'),
    heartbeat: 50,
  });
  const refused = new Promise<void>((resolve) => {
    slave.on('status', (status) => {
      if (status.link === 'refused') resolve();
    });
  });
  await emptied.start();
  await refused;
  assert.is(slave.data.get('a'), 'kept', 'it keeps and serves its data');
  assert.match(slave.status.problem?.reason ?? '', 'lineage', 'and says what is wrong');

  await emptied.resolveRegressed('new-lineage');
  await emptied.data.set('b', 'new');
  slave.adoptLineage(emptied.position?.lineage ?? '');
  await slave.waitFor(emptied.position?.version ?? 0, DEADLINE);
  const { version } = await emptied.data.set('c', 'follows', {
    method: 'two-phase',
    ack: 'applied',
  });
  await slave.waitFor(version, DEADLINE);
  assert.equal([...slave.data.entries()], [...emptied.data.entries()]);
  await slave.stop();
  await emptied.stop();
});

test('P22: what a host cannot mean is refused by name', async () => {
  const network = memoryNetwork();
  const master = createMaster({ item, data: keyValue(), transport: network.listen('m') });
  await master.start();
  try {
    await master.resolveRegressed('adopt-from-slave' as 'new-lineage');
    assert.unreachable('took a choice it does not have');
  } catch (error) {
    assert.instance(error, ReplicationError);
    assert.is((error as ReplicationError).code, 'INVALID_OPTION');
    assert.match((error as ReplicationError).message, 'takeover');
  }
  await master.stop();
});

test.run();
