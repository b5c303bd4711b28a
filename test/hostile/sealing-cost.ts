/**
 * What sealing costs: processor time per MB and milliseconds of an answer, for a secret that seals
 * and for one that does not, both sides in this process. `node dist/test/hostile/sealing-cost.js`.
 */
import { ascending, percentile } from '../bench/statistics.js';
import { until } from '../support/recording-sink.js';
import { type Connecting, connecting, type Listening, listening } from '../support/tcp-pair.js';

const ROUNDS = 3;
const ANSWERS = 2000;
const MB = 1e6;

interface Pair {
  readonly here: Listening;
  readonly there: Connecting;
}

async function flood({ here, there }: Pair, bytes: number, total: number): Promise<number> {
  const frame = Buffer.alloc(bytes, 7);
  const before = process.cpuUsage();
  const goal = Math.ceil(total / bytes);
  let sent = 0;
  let got = 0;
  there.sink.received = (_, arrived) => {
    got += arrived.length;
  };
  while (sent < goal) {
    for (let n = 0; n < 2000 && sent < goal && here.transport.writable(here.sink.peer); n += 1) {
      here.transport.send(here.sink.peer, frame);
      sent += 1;
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await until('all frames', () => got >= goal);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (total / MB);
}

async function answers({ here, there }: Pair): Promise<readonly number[]> {
  const tookMs: number[] = [];
  const frame = Buffer.alloc(200, 7);
  there.sink.received = () => there.transport.send(there.sink.peer, frame);
  for (let n = 0; n < ANSWERS; n += 1) {
    const started = performance.now();
    await new Promise<void>((resolve) => {
      here.sink.received = () => resolve();
      here.transport.send(here.sink.peer, frame);
    });
    tookMs.push(performance.now() - started);
  }
  return ascending(tookMs);
}

for (let round = 0; round < ROUNDS; round += 1) {
  for (const bytes of [200, 4000, 65_536]) {
    for (const seal of [false, true]) {
      const options = { secret: 'of this measurement', seal };
      const here = await listening(options);
      const there = await connecting({ port: here.port, ...options });
      await until('joined', () => here.sink.joins.length * there.sink.joins.length > 0);
      const perMbMs = await flood({ here, there }, bytes, bytes === 200 ? 60 * MB : 300 * MB);
      const sorted = await answers({ here, there });
      console.log(
        `${seal ? 'sealed' : 'plain '}  frames of ${String(bytes).padStart(6)} B  ` +
          `${perMbMs.toFixed(2)} ms/MB  answer p50 ${percentile(sorted, 0.5).toFixed(3)} ms  ` +
          `p99 ${percentile(sorted, 0.99).toFixed(3)} ms`,
      );
      await there.transport.close();
      await here.transport.close();
    }
  }
}
