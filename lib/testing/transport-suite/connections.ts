/** Who is there: joining, leaving, coming back. */
import {
  type Bench,
  bench,
  check,
  numbered,
  type OpenSlave,
  type SuiteContext,
  sameBytes,
  sendAgain,
} from './harness.js';

const MANY = 40;

async function comesBack(b: Bench, end: (slave: OpenSlave) => void) {
  const slave = await b.slave();
  const { peer } = slave;
  const slavePeer = slave.sink.peer;
  end(slave);
  await b.until('left on both sides', () => {
    return b.sink.lefts.length === 1 && slave.sink.lefts.length === 1;
  });
  check(b.sink.lefts[0]?.peer === peer, 'the master was told of another peer');
  check(slave.sink.lefts[0]?.peer === slavePeer, 'the slave was told of another peer');
  await b.until('the slave connected again', () => {
    return b.sink.joins.length === 2 && slave.sink.joins.length === 2;
  });
  check(b.sink.peer !== peer, 'a slave that reconnects is a new peer for the master');
  check(slave.sink.peer !== slavePeer, 'a master that is reconnected to is a new peer');
  const frame = numbered(1);
  await b.until(
    'a frame over the new connection',
    () => b.sink.frames.some((got) => sameBytes(got, frame)),
    () => sendAgain(slave.transport, slave.sink.peer, frame),
  );
  return slave;
}

export function connectionTests(context: SuiteContext): void {
  bench(context, 'both sides are told of each other, once', async (b) => {
    const slave = await b.slave();
    check(b.master.role === 'master' && slave.transport.role === 'slave', 'the roles are wrong');
    check(b.master.address.length > 0, 'a master that is open has an address');
    check(slave.transport.address.length > 0, 'a slave that is open has an address');
    check(b.sink.joins.length === 1 && slave.sink.joins.length === 1, 'joined came twice');
    check(b.master.writable(slave.peer), 'a peer that joined is writable');
  });

  bench(context, 'the master disconnects a slave, which comes back as a new peer', async (b) => {
    await comesBack(b, ({ peer }) => b.within(() => b.master.disconnect(peer)));
    check(b.sink.lefts[0]?.error === null, 'an end that was asked for is no error');
  });

  bench(context, 'a slave disconnects and comes back as a new peer', async (b) => {
    const { sink } = await comesBack(b, (slave) =>
      b.within(() => slave.transport.disconnect(slave.sink.peer)),
    );
    check(sink.lefts[0]?.error === null, 'an end that was asked for is no error');
    check(b.sink.lefts[0]?.error === null, 'an orderly end is no error for the other side');
  });

  bench(context, 'a connection that breaks is left and made again', async (b) => {
    // Where nothing can break it from outside, the end comes from the transport itself.
    await comesBack(b, ({ transport, peer }) => {
      if (b.pair.cut !== undefined) b.pair.cut(transport);
      else b.master.disconnect(peer);
    });
  });

  bench(context, 'peers that do not exist are ignored', async (b) => {
    const slave = await b.slave();
    b.master.send('nobody', numbered(1));
    b.master.multicast(['nobody'], numbered(2));
    b.master.disconnect('nobody');
    slave.transport.send('nobody', numbered(3));
    check(!b.master.writable('nobody'), 'a peer that does not exist is not writable');
    check(!slave.transport.writable('nobody'), 'a peer that does not exist is not writable');
  });

  bench(context, `${MANY} slaves: each is a peer of its own`, async (b) => {
    const slaves: OpenSlave[] = [];
    for (let index = 0; index < MANY; index += 1) slaves.push(await b.slave());
    check(new Set(b.sink.joins).size === MANY, 'two slaves share a peer id');
    await b.until(
      'every slave received its own frame',
      () => slaves.every(({ sink }) => sink.frames.length > 0),
      () => {
        slaves.forEach(({ peer, sink }, index) => {
          if (sink.frames.length === 0) sendAgain(b.master, peer, numbered(index));
        });
      },
    );
    slaves.forEach(({ sink }, index) => {
      const own = sink.frames.every((frame) => sameBytes(frame, numbered(index)));
      check(own, `slave ${index} received a frame that was sent to another`);
    });
  });
}
