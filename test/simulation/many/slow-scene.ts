/** A tenth of the slaves takes nothing for a while, half of that tenth nearly nothing (P15). */
import { Crowd, type CrowdSlave, DELAYS } from './crowd.js';
import { ascending, bytesText, type Findings, msText, quantile } from './findings.js';
import { cpuMeter } from './meters.js';

const KIB = 1024;
const HIGH_WATER_BYTES = 48 * KIB;
const VALUE_BYTES = 4 * KIB;
/** More than fits below the high-water mark; over before anybody takes the other side for dead. */
const CHANGES = 24;
const EVERY_MS = 60;
/** What the very slow half carries: a quarter of what is written. */
const SLOW_BYTES_PER_S = 16 * KIB;
const LIMIT_MS = 60_000;
/** Requests of one such span of the jitter, at the most, as a share of all. */
const SPAN_MS = 10;
const SPAN_SHARE_MAX = 0.6;

/** Writes one change now and then; answers how long each took to reach each of `watched`. */
async function write(crowd: Crowd, watched: ReadonlySet<CrowdSlave>): Promise<readonly number[]> {
  const { master, clock } = crowd;
  const saidAtMs = new Map<number, number>();
  const tookMs: number[] = [];
  crowd.onMoved = (slave, version) => {
    const fromMs = saidAtMs.get(version);
    if (fromMs !== undefined && watched.has(slave)) tookMs.push(clock.now() - fromMs);
  };
  for (let change = 0; change < CHANGES; change += 1) {
    const atMs = clock.now();
    const { version } = await crowd.finish(
      master.data.set(`key-${change % 10}`, `${change}`.padEnd(VALUE_BYTES, '.')),
    );
    saidAtMs.set(version, atMs);
    await clock.pass(EVERY_MS);
  }
  crowd.onMoved = () => {};
  return ascending(tookMs);
}

function stall(crowd: Crowd, slow: readonly CrowdSlave[]): void {
  slow.forEach(({ id }, index) => {
    if (index % 2 === 0) crowd.network.partition('master', id);
    else crowd.network.setFaults('master', id, { ...DELAYS, bytesPerSecond: SLOW_BYTES_PER_S });
  });
}

function heal(crowd: Crowd, slow: readonly CrowdSlave[]): void {
  for (const { id } of slow) {
    crowd.network.setFaults('master', id, DELAYS);
    crowd.network.heal('master', id);
  }
}

function bytesWaiting(crowd: Crowd, slaves: readonly CrowdSlave[]): number {
  const waiting = slaves.map(({ id }) => {
    const { bytesSent, bytesDelivered, bytesLost } = crowd.network.statistics('master', id);
    return bytesSent - bytesDelivered - bytesLost;
  });
  return Math.max(...waiting);
}

/** The most requests within one span of the jitter, as a share of all. */
function densest(requestedAtMs: readonly number[]): number {
  const sorted = ascending(requestedAtMs);
  let most = 0;
  let from = 0;
  for (let to = 0; to < sorted.length; to += 1) {
    while ((sorted[to] as number) - (sorted[from] as number) > SPAN_MS) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most / Math.max(1, sorted.length);
}

async function recover(crowd: Crowd, slow: readonly CrowdSlave[], findings: Findings) {
  for (const slave of slow) {
    slave.deltasPulled = 0;
    slave.tap.requestedAtMs = [];
  }
  const snapshots = crowd.snapshotsMade;
  const encoded = crowd.wire.framesEncoded;
  const fromMs = crowd.clock.now();
  heal(crowd, slow);
  const times = ascending(
    await crowd.arrivals(slow, crowd.master.position?.version ?? 0, LIMIT_MS),
  );
  findings.demand(
    'slow ones current afterwards',
    `${slow.length - crowd.behind.length}`,
    `all ${slow.length}`,
    crowd.behind.length === 0,
  );
  findings.tell('last one of them after', msText(times.at(-1) ?? 0));
  const pulled = ascending(slow.map(({ deltasPulled }) => deltasPulled));
  findings.demand(
    'deltas that each of them pulled',
    `${pulled[0]} to ${pulled.at(-1)}`,
    'one, over all it missed',
    pulled[0] === 1 && pulled.at(-1) === 1,
  );
  findings.demand(
    'whole states made for them',
    `${crowd.snapshotsMade - snapshots}`,
    'none',
    crowd.snapshotsMade === snapshots,
  );
  findings.tell('frames the master encoded meanwhile', `${crowd.wire.framesEncoded - encoded}`);
  const firsts = slow.flatMap(({ tap }) => tap.requestedAtMs?.slice(0, 1) ?? []);
  const share = densest(firsts.map((atMs) => atMs - fromMs));
  findings.demand(
    `their requests within ${SPAN_MS} ms, at most`,
    `${(share * 100).toFixed(0)} %`,
    `at most ${SPAN_SHARE_MAX * 100} %: spread by jitter`,
    share <= SPAN_SHARE_MAX || slow.length < 20,
  );
}

export async function slowScene(
  findings: Findings,
  options: { readonly slaves: number; readonly seed: number },
): Promise<void> {
  const crowd = new Crowd({ ...options, highWaterBytes: HIGH_WATER_BYTES });
  await crowd.start();
  await crowd.finish(crowd.master.data.set('first', 'of all'));
  const joined = crowd.arrivals(crowd.slaves, crowd.master.position?.version ?? 0, LIMIT_MS);
  await crowd.join();
  await joined;
  const slow = crowd.slaves.filter((_, index) => index % 10 === 3);
  const others = new Set(crowd.slaves.filter((_, index) => index % 10 !== 3));
  const before = await write(crowd, others);
  stall(crowd, slow);
  const meter = cpuMeter();
  const during = await write(crowd, others);
  findings.tell(
    'processor time meanwhile, per slave and change',
    `${(meter() / CHANGES / options.slaves).toFixed(1)} us`,
  );
  const [p50Before, p50During] = [quantile(before, 0.5), quantile(during, 0.5)];
  findings.demand(
    'the others, update to copy, p50',
    `${msText(p50During)} after ${msText(p50Before)}`,
    'within 20 %',
    Math.abs(p50During / p50Before - 1) <= 0.2,
  );
  findings.tell('p99', `${msText(quantile(during, 0.99))} after ${msText(quantile(before, 0.99))}`);
  const left = crowd.behind.filter((slave) => others.has(slave)).length;
  findings.demand('others that are not current', `${left}`, 'none', left === 0);
  const waiting = bytesWaiting(crowd, slow);
  const bound = HIGH_WATER_BYTES + 2 * VALUE_BYTES;
  findings.demand(
    'bytes waiting for one slow slave, at most',
    bytesText(waiting),
    `at most ${bytesText(bound)} of ${bytesText(CHANGES * VALUE_BYTES)} written`,
    waiting <= bound,
  );
  const lagging = crowd.master.slaves().filter(({ link }) => link === 'lagging').length;
  findings.demand(
    'slow ones that the master lists as lagging',
    `${lagging}`,
    `all ${slow.length}`,
    lagging === slow.length,
  );
  await recover(crowd, slow, findings);
  await crowd.stop();
}
