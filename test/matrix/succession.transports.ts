/**
 * Succession on a real nats-server: three processes with stores on disk, whose leader dies a few
 * times under load (S1, S3, S10, L3). The long version is `npm run check:succession`.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runSuccession } from '../succession/run.js';
import { figuresOf, violationsOf } from '../succession/verdict.js';
import { natsServerMissing } from '../support/nats-server.js';

const KILLS = 4;
const LEASE_MS = 3000;
const DEADLINE_MS = 240_000;

const test = suite('succession on NATS');
const missing = natsServerMissing();

if (missing === null) {
  test('the leader is killed and stopped at random points: nothing confirmed is lost', async () => {
    const seed = process.env.SEED ?? String(Date.now());
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const report = await runSuccession({ kills: KILLS, leaseMs: LEASE_MS, seed, tell: () => {} });
    console.log(`\n${[`seed ${seed}`, ...figuresOf(report)].join('\n')}`);
    assert.equal(violationsOf(report, KILLS), []);
    assert.not.ok(deadline.aborted, `it took more than ${DEADLINE_MS} ms`);
  });
} else console.log(`SKIPPED: ${missing}`);

test.run();
