/** All scenes at a tenth of the slaves and at all of them: what one slave costs must not grow. */
import { changeScene } from './change-scene.js';
import { bytesText, Findings, type Say, usText } from './findings.js';
import { joinScene } from './join-scene.js';
import { slowScene } from './slow-scene.js';
import { stubScene } from './stub-scene.js';

export interface ManyOptions {
  readonly slaves: number;
  readonly seed: number;
  readonly stateBytes: number;
  /** Processor times are compared; not worth it where they are a few milliseconds. */
  readonly isTimed: boolean;
}

/** What a slave may cost more among ten times as many. */
const GROWTH_MAX = 2;

type Figures = Awaited<ReturnType<typeof runScenes>>;

async function runScenes(findings: Findings, options: ManyOptions) {
  const { slaves } = options;
  findings.begin(`${slaves} stubs`);
  const stubs = await stubScene(findings, options);
  findings.begin(`${slaves} joining`);
  const join = await joinScene(findings, options);
  findings.begin(`${slaves} changed`);
  const change = await changeScene(findings, options);
  findings.begin(`${slaves}, a slow tenth`);
  await slowScene(findings, options);
  return { stubs, join, change };
}

function compare(findings: Findings, few: Figures, many: Figures): void {
  const times: ReadonlyArray<readonly [string, number, number]> = [
    ['master, slave and heartbeat', few.stubs.heartbeatUs, many.stubs.heartbeatUs],
    ['master, slave and group', few.stubs.groupUs, many.stubs.groupUs],
    ['all, slave and join', few.join.joinUs, many.join.joinUs],
    ['all, slave and heartbeat', few.join.heartbeatUs, many.join.heartbeatUs],
    ['all, slave and group', few.change.burstUs, many.change.burstUs],
    ['all, slave and round', few.change.roundUs, many.change.roundUs],
  ];
  for (const [what, before, after] of times) {
    findings.demand(
      `processor time per ${what}`,
      `${usText(before)}, then ${usText(after)}`,
      `at most ${GROWTH_MAX} times as much`,
      after <= GROWTH_MAX * before,
    );
  }
}

/** Runs everything; what is `broken` in the answer was demanded and not so. */
export async function runMany(options: ManyOptions, say: Say): Promise<Findings> {
  const findings = new Findings(say);
  const tenth = Math.max(1, Math.round(options.slaves / 10));
  const few = await runScenes(findings, { ...options, slaves: tenth });
  const many = await runScenes(findings, options);
  findings.begin(`${tenth} and ${options.slaves}`);
  findings.demand(
    'whole states made by the master',
    `${few.join.snapshotsMade}, then ` + `${many.join.snapshotsMade}`,
    'not more for more slaves',
    many.join.snapshotsMade <= few.join.snapshotsMade,
  );
  const [fewBytes, manyBytes] = [few.join.partBytesEncoded, many.join.partBytesEncoded];
  findings.demand(
    'bytes of states encoded',
    `${bytesText(fewBytes)}, then ${bytesText(manyBytes)}`,
    'not more for more slaves',
    manyBytes <= fewBytes * 1.01,
  );
  if (options.isTimed) compare(findings, few, many);
  return findings;
}
