import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../lib/runtime/random.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { Backoff } from '../../lib/transports/backoff.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { freePort } from '../support/free-port.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP: a slave keeps trying');

test('P18: delays double up to the maximum and are jittered over their whole range', () => {
  const top = new Backoff(50, 2000, () => 1);
  const bounds = Array.from({ length: 8 }, () => top.nextMs());
  assert.equal(bounds, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
  top.reset();
  assert.is(top.nextMs(), 50);
  const seed = 99;
  const jittered = new Backoff(1000, 1000, seededRandom(seed));
  const delays = Array.from({ length: 1000 }, () => jittered.nextMs());
  assert.ok(Math.min(...delays) < 50, `seed ${seed}`);
  assert.ok(Math.max(...delays) > 950 && Math.max(...delays) <= 1000, `seed ${seed}`);
});

test('open needs no master; the slave is told once that there is none, and joins later', async () => {
  const port = await freePort();
  const slave = tcpConnect({ port, reconnectMsMax: 20 });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('told', () => mine.troubles.length > 0);
  assert.is(mine.troubles[0]?.code, 'NOT_RUNNING');
  assert.match(mine.troubles[0]?.message ?? '', `127.0.0.1:${port}`);
  const sink = new RecordingSink();
  for (let round = 1; round <= 3; round += 1) {
    const master = tcpListen({ port });
    await master.open(sink);
    await until('joined', () => mine.joins.length === round);
    await master.close();
    await until('left', () => mine.lefts.length === round);
    await until('told again, once', () => mine.troubles.length === round + 1);
  }
  assert.is(new Set(mine.joins).size, 3, 'each connection is a new peer');
  await slave.close();
});

test('a master that is opened again keeps the port the system chose, so its slaves find it', async () => {
  const master = tcpListen({ port: 0 });
  const sink = new RecordingSink();
  await master.open(sink);
  const { port } = master;
  const slave = tcpConnect({ port, reconnectMsMax: 20 });
  await slave.open(new RecordingSink());
  await until('joined', () => sink.joins.length === 1);
  await master.close();
  await master.open(sink);
  assert.is(master.port, port);
  await until('joined again', () => sink.joins.length === 2);
  await slave.close();
  await master.close();
});

test('attempts wait on the given clock for the given jitter', async () => {
  const port = await freePort();
  const clock = new VirtualClock();
  const slave = tcpConnect({ port, clock, random: () => 0.5, reconnectMsMin: 100 });
  const mine = new RecordingSink();
  await slave.open(mine);
  const waits: Array<number | null> = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await clock.pass(clock.nextMs ?? 0);
    // A real socket is refused in real time; then the next wait is the only timer.
    await until(
      'the next wait',
      () => clock.pending.length === 1 && (clock.nextMs ?? 9_999) < 4_000,
    );
    waits.push(clock.nextMs);
  }
  assert.equal(waits, [50, 100, 200, 400, 800, 1000]);
  assert.is(mine.troubles.length, 1);
  await slave.close();
  assert.is(clock.pending.length, 0, 'close leaves no timer behind');
});

test('a port that is no master of ours is told once and tried again', async () => {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  let attempts = 0;
  server.on('connection', () => {
    attempts += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const slave = tcpConnect({ port, reconnectMsMax: 10 });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('several attempts', () => attempts >= 4);
  assert.is(mine.troubles.length, 1);
  assert.is(mine.troubles[0]?.code, 'PROTOCOL');
  assert.match(mine.troubles[0]?.message ?? '', 'HTTP');
  await slave.close();
  await new Promise((resolve) => server.close(resolve));
});

test.run();
