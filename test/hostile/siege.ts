/** Runs a siege in processes of its own and says what came of it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ascending, median, percentile } from '../bench/statistics.js';
import type { AttackReport, SiegePlan, VictimReport, Window } from './messages.js';

/** Milliseconds between windows: connections that were let go of are gone then. */
const REST_MS = 1000;
/** A child that says nothing for so long hangs. */
const SILENCE_MS = 60_000;

export interface Latency {
  readonly rounds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssBytesMax: number;
}

export interface SiegeResult {
  readonly quiet: Latency;
  readonly besieged: Latency;
  readonly attack: AttackReport;
  readonly refusals: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly lines: number;
  readonly handlesLeft: number;
}

class Child {
  readonly process: ChildProcess;
  readonly #waiting: unknown[] = [];
  #wake: () => void = () => undefined;

  constructor(name: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.process = fork(path, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.process.on('message', (message) => {
      this.#waiting.push(message);
      this.#wake();
    });
    this.process.on('exit', () => this.#wake());
  }

  async next<Message>(): Promise<Message> {
    const deadline = performance.now() + SILENCE_MS;
    while (this.#waiting.length === 0) {
      if (this.process.exitCode !== null) throw new Error('a process of the siege died');
      if (performance.now() > deadline) throw new Error('a process of the siege says nothing');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 1000).unref();
      });
    }
    return this.#waiting.shift() as Message;
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }
}

/**
 * The median of the windows' percentiles: what else the machine does for a second spoils a window,
 * of quiet or of attack as it comes, and the 99th percentile of all rounds is made of such seconds.
 */
function latencyOf(windows: readonly Window[]): Latency {
  const typical = (share: number): number =>
    median(windows.map(({ roundsMs }) => percentile(ascending(roundsMs), share)));
  return {
    rounds: windows.reduce((sum, { roundsMs }) => sum + roundsMs.length, 0),
    p50Ms: typical(0.5),
    p99Ms: typical(0.99),
    rssBytesMax: Math.max(...windows.map(({ rssBytesMax }) => rssBytesMax)),
  };
}

function sum(reports: readonly AttackReport[]): AttackReport {
  const total = (name: keyof AttackReport) => reports.reduce((all, each) => all + each[name], 0);
  return {
    opened: total('opened'),
    closed: total('closed'),
    dripsClosed: total('dripsClosed'),
    deafJoined: total('deafJoined'),
    keysTried: total('keysTried'),
    keysRefused: total('keysRefused'),
  };
}

async function measured(victim: Child, forMs: number): Promise<Window> {
  victim.process.send({ order: 'measure', forMs });
  const said = await victim.next<VictimReport>();
  if (said.kind !== 'window') throw new Error(`the victim said ${said.kind}`);
  return said.window;
}

async function rest(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, REST_MS);
  });
}

interface Cast {
  readonly victim: Child;
  readonly followers: Child;
  readonly attacker: Child;
}

async function besiege(
  { victim, followers, attacker }: Cast,
  plan: SiegePlan,
): Promise<SiegeResult> {
  const [quiet, besieged, attacks]: [Window[], Window[], AttackReport[]] = [[], [], []];
  // Not measured: compilers and caches warm up.
  await measured(victim, plan.windowMs);
  for (let window = 0; window < plan.windows; window += 1) {
    quiet.push(await measured(victim, plan.windowMs));
    attacker.process.send({ order: 'attack', forMs: plan.windowMs, plan });
    besieged.push(await measured(victim, plan.windowMs));
    await attacker.next();
    attacks.push(await attacker.next<AttackReport>());
    await rest();
  }
  attacker.process.send({ order: 'end' });
  victim.process.send({ order: 'end' });
  const ended = await victim.next<VictimReport>();
  if (ended.kind !== 'ended') throw new Error(`the victim said ${ended.kind}`);
  followers.process.send({ order: 'end' });
  await once(followers.process, 'exit');
  return {
    quiet: latencyOf(quiet),
    besieged: latencyOf(besieged),
    attack: sum(attacks),
    refusals: ended.refusals,
    dropped: ended.dropped,
    lines: ended.lines,
    handlesLeft: ended.handles,
  };
}

/** @throws {Error} when a process of it dies or hangs */
export async function runSiege(plan: SiegePlan): Promise<SiegeResult> {
  const children: Child[] = [];
  const start = (name: string, args: readonly string[] = []): Child => {
    const child = new Child(name, args);
    children.push(child);
    return child;
  };
  try {
    const victim = start('victim');
    const said = await victim.next<VictimReport>();
    if (said.kind !== 'listening') throw new Error(`the victim said ${said.kind}`);
    const port = [String(said.port)];
    const [followers, attacker] = [start('followers', port), start('attacker', port)];
    await Promise.all([followers.next(), attacker.next(), victim.next()]);
    return await besiege({ victim, followers, attacker }, plan);
  } finally {
    for (const child of children) child.kill();
  }
}
