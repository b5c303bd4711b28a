/** What WebSocket costs beside TCP, and what a flood of half-open connections does to a round. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document, type Slave } from '../../lib/index.js';
import type { MasterTransport, SlaveTransport } from '../../lib/transports/contract.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { webSocketConnect, webSocketListen } from '../../lib/transports/websocket/index.js';
import { freePort } from '../support/free-port.js';
import { packageRoot } from '../support/package-root.js';
import { RecordingSink, until } from '../support/recording-sink.js';
import { LineProcess } from './support/line-process.js';

const test = suite('WebSocket under load');
const FRAME_BYTES = 200;
const STREAM = 100_000;
const TRIPS = 2_000;
const ROUNDS = 200;
const FLOOD = 10_000;

type Sides = readonly [master: MasterTransport, slave: SlaveTransport];

const percentile = (times: readonly number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0;

/** Frames of a stream per second, and a round trip's median in milliseconds; one process. */
async function speedOf([master, slave]: Sides): Promise<{ perSecond: number; tripMs: number }> {
  const sink = new RecordingSink();
  let received = 0;
  const mine = new RecordingSink();
  mine.received = (_, frames) => {
    received += frames.length;
  };
  await master.open(sink);
  await slave.open(mine);
  await until('joined', () => sink.joins.length === 1 && mine.joins.length === 1);
  const frame = new Uint8Array(FRAME_BYTES);
  const startedMs = performance.now();
  for (let sent = 0; sent < STREAM; ) {
    for (; sent < STREAM && master.writable(sink.peer); sent += 1) master.send(sink.peer, frame);
    await new Promise(setImmediate);
  }
  await until('all frames', () => received === STREAM);
  const perSecond = STREAM / ((performance.now() - startedMs) / 1000);
  const times: number[] = [];
  sink.received = (peer) => master.send(peer, frame);
  for (let trip = 0; trip < TRIPS; trip += 1) {
    const beforeMs = performance.now();
    await new Promise<void>((resolve) => {
      mine.received = () => resolve();
      slave.send(mine.peer, frame);
    });
    times.push(performance.now() - beforeMs);
  }
  await Promise.all([slave.close(), master.close()]);
  return { perSecond, tripMs: percentile(times, 0.5) };
}

test('frames a second and round trips are printed, beside those of TCP', async () => {
  const secret = 'known to both';
  const port = await freePort();
  const listen = webSocketListen({ port: 0, secret });
  await listen.open(new RecordingSink());
  const url = listen.address;
  await listen.close();
  const kinds: Record<string, Sides> = {
    'tcp, plain': [tcpListen({ port }), tcpConnect({ port })],
    websocket: [listen, webSocketConnect({ url, secret })],
  };
  for (const [name, sides] of Object.entries(kinds)) {
    const { perSecond, tripMs } = await speedOf(sides);
    assert.ok(perSecond > 0 && tripMs > 0);
    const speed = `${Math.round(perSecond / 1000)} k frames of ${FRAME_BYTES} bytes a second`;
    console.log(`  ${name.padEnd(12)} ${speed}, round trip p50 ${tripMs.toFixed(3)} ms`);
  }
});

async function roundTimes(change: () => PromiseLike<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const beforeMs = performance.now();
    await change();
    times.push(performance.now() - beforeMs);
  }
  return times;
}

test(`A6: two-phase rounds during ${FLOOD} half-open connections: p99 within twice its quiet value`, async () => {
  const secret = 'known to both';
  const transport = webSocketListen({ port: 0, secret });
  const master = createMaster({ item: 'n', data: document({ n: 0 }), transport });
  await master.start();
  const slaves: Array<Slave<unknown>> = ['a', 'b', 'c'].map((id) =>
    createSlave({
      item: 'n',
      id,
      data: document({ n: 0 }),
      transport: webSocketConnect({ url: transport.address, secret }),
    }),
  );
  const program = join(packageRoot, 'dist/test/matrix/support/half-open-flood.js');
  const env = { PORT: `${transport.port}`, COUNT: `${FLOOD}` };
  const before = process.memoryUsage().rss;
  let flood: LineProcess | null = null;
  try {
    await Promise.all(slaves.map((slave) => slave.start()));
    await Promise.all(slaves.map((slave) => slave.current({ timeout: 10_000 })));
    let n = 0;
    const change = () => {
      n += 1;
      return master.data.set({ n }, { method: 'two-phase', ack: 'applied' });
    };
    await roundTimes(change);
    const quiet = await roundTimes(change);
    flood = new LineProcess(program, { folder: tmpdir(), env });
    const during: number[] = [];
    while (!flood.lines.some((line) => 'made' in line)) during.push(...(await roundTimes(change)));
    // And while those that are left are held.
    const held = await roundTimes(change);
    const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
    const told = [quiet, during, held].map((times) => percentile(times, 0.99).toFixed(2));
    console.log(`  p99 of a round: quiet ${told[0]} ms, flooded ${told[1]} ms, held ${told[2]} ms`);
    console.log(`  ${during.length} rounds during the flood; ${grownMiB.toFixed(0)} MiB more`);
    const worst = Math.max(percentile(during, 0.99), percentile(held, 0.99));
    // A round of some milliseconds: less than a scheduler's turn more is no sign of the flood.
    const allowed = Math.max(2 * percentile(quiet, 0.99), percentile(quiet, 0.99) + SCHEDULING_MS);
    assert.ok(worst <= allowed, `${worst.toFixed(2)} ms, allowed ${allowed.toFixed(2)} ms`);
    assert.ok(grownMiB < 256, `${grownMiB} MiB`);
  } finally {
    await flood?.kill();
    await Promise.all(slaves.map((slave) => slave.stop()));
    await master.stop();
  }
});

/** What another process of this machine may take of a core before we get it back. */
const SCHEDULING_MS = 10;

test.run();
