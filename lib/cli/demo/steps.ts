/** What the demo shows, one function a step. Each says whether what it shows really happened. */

import { stat } from 'node:fs/promises';
import { bytesText, countText, durationText } from '../../runtime/quantities.js';
import { type DemoNodes, type DemoSlave, REFUSED_VALUE } from './demo-nodes.js';
import type { NodeEvent, NodeProcess } from './node-process.js';

/** What a step found: sentences for people, and whether it is as promised. */
export interface StepResult {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export interface StepContext {
  readonly nodes: DemoNodes;
  /** One line that changes while a step runs. */
  readonly progress: (text: string) => void;
}

export interface Step {
  readonly title: string;
  readonly run: (context: StepContext) => Promise<StepResult>;
}

const COPY_MS = 40_000;
const TOLD_MS = 5000;
const EDITS = 20;
/** Changes that the killed slave misses, in this many goes. */
const MISSED_GOES = 3;
const MISSED_EACH = 5;
const FLIP_WIDTH = 5;

function ids(slaves: readonly DemoSlave[]): string[] {
  return slaves.map(({ id }) => id);
}

/** Bytes that a slave received in transfers, by their kind. */
function countTransfers(running: NodeProcess, told: () => void): (kind: string) => number {
  const done = new Map<string, number>();
  running.on(({ event, kind, bytes }: NodeEvent) => {
    if (event !== 'progress') return;
    done.set(String(kind), Math.max(done.get(String(kind)) ?? 0, Number(bytes)));
    told();
  });
  return (kind) => done.get(kind) ?? 0;
}

/** Another one after every write, since each write is a new file in the place of the old one. */
async function stampOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino}:${size}:${mtimeNs}`;
}

/** The slaves' own lines come by another way than the master's answer, and may be later. */
async function told(slaves: readonly DemoSlave[], version: number): Promise<boolean> {
  const waits = slaves.map(async (slave) => {
    if (slave.version >= version) return;
    await slave.process?.next('version', TOLD_MS, (event) => Number(event.version) >= version);
  });
  await Promise.all(waits);
  return slaves.every((slave) => slave.version === version);
}

async function firstCopy({ nodes, progress }: StepContext): Promise<StepResult> {
  const startedMs = performance.now();
  const counts = new Map<string, (kind: string) => number>();
  const tell = (): void => {
    const parts = [...counts].map(([id, count]) => `${id} ${bytesText(count('snapshot'))}`);
    progress(`receiving: ${parts.join(', ')}`);
  };
  const copies = nodes.slaves.map(async (slave) => {
    const running = nodes.startSlave(slave);
    counts.set(slave.id, countTransfers(running, tell));
    await running.next('version', COPY_MS);
    return { slave, ms: performance.now() - startedMs };
  });
  const lines: string[] = [];
  for (const { slave, ms } of await Promise.all(copies)) {
    const bytes = counts.get(slave.id)?.('snapshot') ?? 0;
    const { id, version, process: running } = slave;
    const what = `received ${bytesText(bytes)} and wrote version ${version}`;
    lines.push(`${id} (process ${running?.pid}): started, ${what}, ${durationText(ms)} in all`);
  }
  return { ok: nodes.slaves.every(({ version }) => version > 0), lines };
}

async function onePhase({ nodes, progress }: StepContext): Promise<StepResult> {
  const from = Math.max(...nodes.slaves.map(({ version }) => version));
  progress(`${EDITS} changes in one go`);
  const edit = await nodes.ask({ do: 'edit', count: EDITS, method: 'one-phase', width: 1 });
  const reach = await nodes.ask({ do: 'reach', version: edit.version, slaves: ids(nodes.slaves) });
  const all = countText(nodes.slaves.length, 'slave');
  return {
    ok: await told(nodes.slaves, edit.version),
    lines: [
      `${EDITS} changes in one go, durable after ${durationText(edit.ms)}`,
      `grouped, they became ${countText(edit.version - from, 'version')}`,
      `${all} received them and rewrote their files ${durationText(reach.ms)} later`,
    ],
  };
}

async function twoPhase({ nodes, progress }: StepContext): Promise<StepResult> {
  const { slaves } = nodes;
  progress('every slave is asked first');
  const flip = await nodes.ask({ do: 'edit', count: 1, method: 'two-phase', width: FLIP_WIDTH });
  const reach = await nodes.ask({ do: 'reach', version: flip.version, slaves: ids(slaves) });
  const asked = flip.participants ?? [];
  const lines = [
    `${FLIP_WIDTH} values changed as one: ${asked.join(', ')} voted yes`,
    `decided ${durationText(flip.ms)} after it was asked for`,
    `version ${flip.version} is on all of them ${durationText(reach.ms)} after that decision`,
  ];
  const all = asked.length === slaves.length && flip.refused === undefined;
  return { ok: (await told(slaves, flip.version)) && all, lines };
}

async function veto({ nodes, progress }: StepContext): Promise<StepResult> {
  const { slaves } = nodes;
  const before = await Promise.all(slaves.map(({ out }) => stampOf(out)));
  const version = Math.max(...slaves.map((slave) => slave.version));
  progress('one slave has a validator that will refuse');
  const value = REFUSED_VALUE;
  const refused = await nodes.ask({ do: 'edit', count: 1, method: 'two-phase', width: 1, value });
  const after = await Promise.all(slaves.map(({ out }) => stampOf(out)));
  const untouched = before.every((hash, index) => hash === after[index]);
  const reasons = Object.entries(refused.refused?.slaves ?? {});
  const last = slaves.at(-1)?.id;
  const lines = reasons.map(([id, reason]) => `${id} voted no: "${reason}"`);
  const aborted = `the change was aborted in ${durationText(refused.ms)}`;
  const unchanged = `${aborted}; no copy changed, all stay at version ${version}`;
  lines.push(untouched ? unchanged : 'A COPY CHANGED although the change was refused');
  const named = reasons.length === 1 && reasons[0]?.[0] === last && reasons[0]?.[1] !== '';
  return { ok: untouched && named && refused.version === version, lines };
}

async function killAndCatchUp({ nodes, progress }: StepContext): Promise<StepResult> {
  const [victim, ...rest] = nodes.slaves;
  if (victim === undefined) return { ok: false, lines: ['there is no slave to kill'] };
  const { version: had, process: old } = victim;
  const pid = old?.pid;
  await nodes.killSlave(victim);
  const missed = MISSED_GOES * MISSED_EACH;
  progress(`${victim.id} is dead, ${missed} changes go on without it`);
  const change = { do: 'edit', count: MISSED_EACH, method: 'one-phase', width: 1 } as const;
  let edit = await nodes.ask(change);
  for (let go = 1; go < MISSED_GOES; go += 1) edit = await nodes.ask(change);
  const others = nodes.ask({ do: 'reach', version: edit.version, slaves: ids(rest) });
  // Awaited below.
  others.catch(() => undefined);
  const startedMs = performance.now();
  const running = nodes.startSlave(victim);
  const count = countTransfers(running, () => undefined);
  const caughtUp = running.next('version', COPY_MS, (event) => event.version === edit.version);
  // Awaited below; a failure before that is told by the wait for the cached copy.
  caughtUp.catch(() => undefined);
  const cached = await running.next('cached', COPY_MS);
  const cachedMs = performance.now() - startedMs;
  const served = durationText(cachedMs);
  await caughtUp;
  const totalMs = performance.now() - startedMs;
  await others;
  const bytes = count('delta');
  const whole = count('snapshot');
  const what = whole > 0 ? 'a WHOLE COPY' : `a delta of ${bytesText(bytes)}`;
  const killed = `${victim.id} (process ${pid}) killed with -9 at version ${had}`;
  const lines = [
    `${killed}; ${missed} changes passed it by`,
    `restarted: serves its cached version ${cached.version} ${served} after its start`,
    `caught up to version ${edit.version} with ${what}, ${durationText(totalMs)} after its start`,
  ];
  return { ok: cached.version === had && whole === 0 && victim.version === edit.version, lines };
}

/** In the order in which they are shown. */
export const STEPS: readonly Step[] = [
  { title: 'First copy: empty slaves join and receive everything', run: firstCopy },
  { title: 'One-phase: changes go out at once, slaves follow', run: onePhase },
  { title: 'Two-phase: all slaves take the change, or none does', run: twoPhase },
  { title: 'Veto: one slave refuses, so nobody takes it', run: veto },
  { title: 'A slave killed with -9 misses changes and catches up', run: killAndCatchUp },
];
