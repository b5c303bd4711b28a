/** A6: strangers who hold places on the port are ended with a code; a slave comes in anyway. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { limits } from '../../lib/limits.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { TroubleMeter } from '../../lib/transports/trouble-meter.js';
import { drip, held, openHalf, release } from '../hostile/attacks.js';
import type { RecordingSink } from '../support/recording-sink.js';
import { until } from '../support/recording-sink.js';
import { connecting, listening, stillServes } from '../support/tcp-pair.js';

const test = suite('TCP: floods of half-open connections (A6)');

/** Refusals of this code, the counted ones included. */
function told({ troubles }: RecordingSink, code: string): number {
  const counts = troubles
    .filter((error) => error.code === code)
    .map(({ message }) => Number(/^(\d+) more like this/.exec(message)?.[1] ?? 1));
  return counts.reduce((sum, count) => sum + count, 0);
}

for (const secret of [undefined, 'of the flood']) {
  const options = secret === undefined ? {} : { secret };
  const title = secret === undefined ? 'plain' : 'sealed';

  test(`more than handshakesMax at once: the oldest go, a slave comes in (${title})`, async () => {
    // Time must not make the room that this is about, however slow the machine is.
    const here = await listening({ handshakeTimeoutMs: 60_000, ...options });
    const before = await connecting({ port: here.port, ...options });
    await until('joined', () => here.sink.joins.length === 1);
    const flood = held();
    const extra = 300;
    // Without TLS every second one, which sends the start of TLS, is refused for that at once.
    const share = secret === undefined ? 2 : 1;
    while (flood.opened < share * (limits.handshakesMax + extra)) {
      openHalf(flood, here.port);
      // More at once than the system queues would wait for their second attempts.
      await until('accepted', () => flood.opened - flood.connected < 100);
    }
    await until('places were taken away', () => told(here.sink, 'OVERLOADED') > 0);
    await stillServes(here, options);
    await until('no more than allowed are held', () => flood.sockets.size <= limits.handshakesMax);
    await until('each that had to go is told', () => {
      return told(here.sink, 'OVERLOADED') + told(here.sink, 'PROTOCOL') >= extra;
    });
    assert.is(before.sink.lefts.length, 0, 'who is in stays in');
    release(flood);
    await before.transport.close();
    await here.transport.close();
  });

  test(`one byte a second is ended at the deadline of the whole handshake (${title})`, async () => {
    const handshakeTimeoutMs = 1500;
    const here = await listening({ handshakeTimeoutMs, ...options });
    const drips = held();
    const started = performance.now();
    for (let n = 0; n < 20; n += 1) drip(drips, here.port);
    await until('all are ended', () => drips.closed === 20);
    const tookMs = performance.now() - started;
    // A deadline that each byte began anew would let them go on for the 40 bytes of a hello.
    assert.ok(tookMs < 10 * handshakeTimeoutMs, `it took ${tookMs} ms`);
    await until('told', () => here.sink.troubles.length > 0);
    const code = secret === undefined ? 'PROTOCOL' : 'TIMEOUT';
    await until('each has a code', () => told(here.sink, code) === 20);
    await stillServes(here, options);
    await here.transport.close();
  });
}

test('of many refusals some are told, the others counted, and each code for itself', async () => {
  const clock = new VirtualClock();
  const heard: string[] = [];
  const meter = new TroubleMeter(clock, ({ code, message }) => heard.push(`${code} ${message}`));
  for (let n = 1; n <= 500; n += 1) meter.tell(new ReplicationError('PROTOCOL', `no. ${n}`));
  meter.tell(new ReplicationError('TIMEOUT', 'late'));
  assert.is(heard.length, limits.troublesPerSecondMax + 1);
  await clock.pass(1000);
  assert.is(heard.length, limits.troublesPerSecondMax + 2);
  assert.is(heard.at(-1), 'PROTOCOL 480 more like this within 1000 ms, the last: no. 500');
  meter.tell(new ReplicationError('PROTOCOL', 'the next second'));
  assert.is(heard.at(-1), 'PROTOCOL the next second');
  meter.stop();
  await clock.pass(5000);
  assert.is(heard.length, limits.troublesPerSecondMax + 3);
});

test.run();
