/**
 * A chaos run must be able to fail: hosts with a seeded bug are killed and started again under
 * load, and the judge has to say what is wrong with them (reliability section 6, R1-R7).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChaos } from '../support/process-chaos.js';
import { demandedOf, wrongsOf } from '../support/process-figures.js';
import { BUGS, type Bug } from '../support/process-messages.js';
import { planRun, type RoundPlan } from '../support/process-plan.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: the judge of chaos');
const NO_DEMANDS = { kills: 0, pauses: 0, partitions: 0, acknowledged: 0 };

/** All at once, so that each of them has to come back from what it holds alone. */
const ROUND: RoundPlan = {
  kind: 'kill',
  inFlight: 8,
  kill: { victims: [0, 1, 2, 3], afterMs: 200, restartAfterMs: 0, again: [] },
  pauses: [],
  links: [],
};

const FOUND_BY: Readonly<Record<Bug, RegExp>> = {
  'early-ack': /is not on|was reported|not in step/,
  'lying-sync': /showed version \d+ after|is not on|not in step/,
  // Which of the two depends on whether a veto fell into this short load.
  'dirty-read': /was reported as not made, and was seen|showed version 0 after/,
  'old-folder': /showed version \d+ after/,
  'wrong-content': /not in step/,
  'slow-return': /not in step/,
  'early-end': /ended by itself/,
  leak: /open files/,
};

/** A folder of before is one of the life before the last. */
const ROUNDS: Partial<Record<Bug, number>> = { 'lying-sync': 8, 'old-folder': 3, 'dirty-read': 2 };

/** Everything a run holds against these hosts. */
async function findingsOn(bug: Bug | null): Promise<string[]> {
  let findings: string[] = [];
  await withFolder(async (folder) => {
    const length = bug === null ? 1 : (ROUNDS[bug] ?? 1);
    const rounds = Array.from({ length }, () => ROUND);
    const figures = await runChaos({
      seed: '1',
      stretches: [{ number: 1, rounds }],
      incidents: [],
      calmChanges: 60,
      lanes: 1,
      stuckMs: 5000,
      folder,
      ...(bug === null ? {} : { bug }),
    });
    const missed = demandedOf(figures, NO_DEMANDS).filter(({ isMet }) => !isMet);
    findings = [...wrongsOf(figures), ...missed.map(({ text }) => text)];
  });
  return findings;
}

for (const [bug, pattern] of Object.entries(FOUND_BY)) {
  test(`it convicts hosts where ${BUGS[bug as Bug]}`, async () => {
    const findings = await findingsOn(bug as Bug);
    assert.ok(
      findings.some((finding) => pattern.test(finding)),
      `${bug}: ${findings.join('\n') || 'nothing was found'}`,
    );
  });
}

test('it acquits hosts that do right', async () => {
  assert.equal(await findingsOn(null), []);
});

test('a seed plans the same rounds again, and another one others', () => {
  assert.equal(planRun('a', 200, null), planRun('a', 200, null));
  assert.not.equal(planRun('a', 200, null), planRun('b', 200, null));
});

test.run();
