/** Changes to all: one-phase in bursts, two-phase rounds that everybody votes on, a slow tenth. */
import { Crowd } from './crowd.js';
import { type Findings, usText } from './findings.js';
import { cpuMeter } from './meters.js';

const BURSTS = 25;
const CHANGES_PER_BURST = 40;
const BURST_EVERY_MS = 20;
const ROUNDS = 3;
const LIMIT_MS = 120_000;

export interface ChangeFigures {
  readonly burstUs: number;
  readonly roundUs: number;
}

function demandAll(crowd: Crowd, findings: Findings, when: string): void {
  const { slaves, behind } = crowd;
  findings.demand(
    `current ${when}`,
    `${slaves.length - behind.length}`,
    `all ${slaves.length}`,
    behind.length === 0,
  );
}

/** A thousand one-phase changes; answers what one group of them costs per slave. */
async function burst(crowd: Crowd, findings: Findings): Promise<number> {
  const { slaves, master, wire } = crowd;
  const before = master.position?.version ?? 0;
  const frames = wire.framesIn + wire.framesOut;
  const meter = cpuMeter();
  for (let index = 0; index < BURSTS; index += 1) {
    for (let change = 0; change < CHANGES_PER_BURST; change += 1) {
      void master.data.set(`hot-${change}`, `${index}`);
    }
    await crowd.clock.pass(BURST_EVERY_MS);
  }
  await crowd.arrivals(slaves, master.position?.version ?? 0, LIMIT_MS);
  const groups = (master.position?.version ?? 0) - before;
  const each = groups * slaves.length;
  const burstUs = meter() / each;
  demandAll(crowd, findings, `after ${BURSTS * CHANGES_PER_BURST} one-phase changes`);
  const sample = slaves.filter((_, index) => index % 50 === 0);
  const right = sample.filter(({ node }) => node.data.get('hot-7') === `${BURSTS - 1}`);
  findings.demand(
    'copies looked into that hold the last change',
    `${right.length}`,
    `all ${sample.length}`,
    right.length === sample.length,
  );
  findings.tell(
    'messages per slave and group, both ways',
    ((wire.framesIn + wire.framesOut - frames) / each).toFixed(2),
  );
  findings.tell('whole process, processor time per slave and group', usText(burstUs));
  return burstUs;
}

/** Rounds in which every slave votes; answers what one costs per slave. */
async function vote(crowd: Crowd, findings: Findings): Promise<number> {
  const { slaves, master } = crowd;
  const meter = cpuMeter();
  let asked = Number.POSITIVE_INFINITY;
  let unconfirmed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const task = master.data.set('agreed', `${round}`, { method: 'two-phase', ack: 'applied' });
    const result = await crowd.finish(task, LIMIT_MS);
    asked = Math.min(asked, result.participants.length);
    unconfirmed += result.unconfirmed.length;
  }
  const roundUs = meter() / (ROUNDS * slaves.length);
  findings.demand(
    `slaves asked in each of ${ROUNDS} rounds`,
    `${asked}`,
    `all ${slaves.length}`,
    asked === slaves.length,
  );
  findings.demand(
    'participants that did not confirm in time',
    `${unconfirmed}`,
    'none',
    unconfirmed === 0,
  );
  demandAll(crowd, findings, `after ${ROUNDS} two-phase rounds`);
  findings.tell('whole process, processor time per slave and round', usText(roundUs));
  return roundUs;
}

export async function changeScene(
  findings: Findings,
  options: { readonly slaves: number; readonly seed: number },
): Promise<ChangeFigures> {
  const crowd = new Crowd({ ...options });
  await crowd.start();
  await crowd.finish(crowd.master.data.set('first', 'of all'));
  const arrivals = crowd.arrivals(crowd.slaves, crowd.master.position?.version ?? 0, LIMIT_MS);
  await crowd.join();
  await arrivals;
  const burstUs = await burst(crowd, findings);
  const roundUs = await vote(crowd, findings);
  await crowd.stop();
  return { burstUs, roundUs };
}
