/** Slaves as processes of their own, and the steps of claim 41 with them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { DEADLINE_MS } from './claims-cluster.js';
import { assertOrder, first, only } from './claims-journal.js';
import { INITIAL, longText, type SettingsCluster, setRoute, setTheme } from './claims-settings.js';
import { packageRoot } from './package-root.js';

const PROGRAM = join(packageRoot, 'dist/test/support/claims-program.js');

/** What the program's readers see. */
export interface Report {
  readonly pid: number;
  readonly version: number | null;
  readonly theme: string;
  readonly route: string;
  readonly textLength: number;
  readonly round: string;
}

export class Programs {
  readonly #cluster: SettingsCluster;
  readonly #children = new Map<string, ChildProcess>();

  constructor(cluster: SettingsCluster) {
    this.#cluster = cluster;
  }

  get ids(): string[] {
    return [...this.#children.keys()];
  }

  /** Resolves with what it serves as soon as it started, before it heard of any master. */
  async start(id: string): Promise<Report> {
    const { port } = this.#cluster;
    const child = fork(PROGRAM, [String(port), id, this.#cluster.folderOf(id)]);
    this.#children.set(id, child);
    return this.#answer(child);
  }

  report(id: string): Promise<Report> {
    const child = this.#child(id);
    const answer = this.#answer(child);
    child.send('report');
    return answer;
  }

  async stop(id: string): Promise<void> {
    this.#child(id).send('stop');
    await this.#ended(id);
  }

  /** As by `kill -9`: no farewell. */
  async kill(id: string): Promise<void> {
    this.#child(id).kill('SIGKILL');
    await this.#ended(id);
  }

  async killAll(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)));
  }

  /** All processes confirmed the master's version. */
  async confirmed(): Promise<void> {
    const { master, version } = this.#cluster;
    await this.#cluster.until(`version ${version} in every process`, () =>
      this.ids.every((id) =>
        master
          .slaves()
          .some((row) => row.id === id && row.link === 'live' && row.version === version),
      ),
    );
  }

  async #ended(id: string): Promise<void> {
    const child = this.#child(id);
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) });
    }
    this.#children.delete(id);
  }

  #child(id: string): ChildProcess {
    const child = this.#children.get(id);
    if (child === undefined) throw new Error(`process ${id} does not run`);
    return child;
  }

  async #answer(child: ChildProcess): Promise<Report> {
    const [answer] = await once(child, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
    return answer as Report;
  }
}

type Ending = 'stop' | 'kill';

/** a and b leave, one change earlier the one than the other, and come again as new processes. */
export async function assertProgramsCheck(
  cluster: SettingsCluster,
  programs: Programs,
  ending: Ending,
): Promise<void> {
  const { journal } = cluster;
  const [a, b] = await Promise.all([programs.start('a'), programs.start('b')]);
  assert.is(new Set([process.pid, a.pid, b.pid]).size, 3, 'each side runs in a process of its own');
  await programs.confirmed();
  const held = cluster.version;
  await programs[ending]('b');
  await setTheme(cluster, 'dark');
  await programs.confirmed();
  await programs[ending]('a');
  journal.clear();
  const [behind, current] = await Promise.all([programs.start('b'), programs.start('a')]);
  assert.equal([behind.version, current.version], [held, cluster.version]);
  assert.equal([behind.theme, current.theme], [INITIAL.theme, 'dark']);
  await programs.confirmed();
  assert.is((await programs.report('b')).theme, 'dark');

  const told = journal.sent('master', 'welcome');
  assert.equal(
    told.map(({ message }) => message.position.version),
    [cluster.version, cluster.version],
  );
  const requests = journal.received('master', 'request');
  assert.ok(
    requests.every(({ peers }) => peers.join() === 'b'),
    'only b was behind',
  );
  const request = first(requests, 'request');
  assert.equal([request.peers, request.message.position?.version], [['b'], held]);
  const delta = first(journal.sent('master', 'delta'), 'delta');
  assert.equal([delta.peers, delta.message.from.version], [['b'], held]);
  assertOrder(
    ['version', first(told, 'version')],
    ['request', request],
    ['made', first(journal.calls('master', 'createDelta'), 'delta of the user layer')],
    ['delta', delta],
  );
}

/** One-phase: both processes have asked and are being served before either one has the delta. */
export async function assertProgramsOnePhase(
  cluster: SettingsCluster,
  programs: Programs,
): Promise<void> {
  const { journal, master, masterTap } = cluster;
  const text = longText('p');
  journal.clear();
  masterTap.filter(({ kind }, way) => (way === 'out' && kind === 'delta' ? 'hold' : 'pass'));
  const task = master.data.update((draft) => {
    draft.text = text;
  });
  await task;
  assert.is(task.status.method, 'one-phase');
  await cluster.until('a delta for either process is under way', () => {
    const peers = journal.held('master', 'delta').flatMap((frame) => frame.peers);
    return new Set(peers).size === 2;
  });
  assert.is(journal.received('master', 'request').length, 2);
  for (const id of programs.ids) assert.is((await programs.report(id)).textLength, 0);
  masterTap.release();
  await programs.confirmed();
  for (const id of programs.ids) assert.is((await programs.report(id)).textLength, text.length);
  assert.equal(journal.sent('master', 'prepare'), []);
  assert.equal(journal.received('master', 'vote'), []);
}

/** Two-phase: prepared in both processes, shown in neither until the commit signal is there. */
export async function assertProgramsTwoPhase(
  cluster: SettingsCluster,
  programs: Programs,
): Promise<void> {
  const { journal, masterTap } = cluster;
  journal.clear();
  masterTap.filter(({ kind }, way) => (way === 'out' && kind === 'commit' ? 'hold' : 'pass'));
  const task = setRoute(cluster, 'green');
  const { version } = await task;
  assert.is(task.status.method, 'two-phase');
  for (const id of programs.ids) {
    const { round, route } = await programs.report(id);
    assert.equal([round, route], ['prepared', INITIAL.route]);
  }
  const votes = journal.received('master', 'vote');
  assert.equal(
    votes.map(({ peers, message }) => [peers.join(), message.answer]).sort(),
    programs.ids.map((id) => [id, 'yes']).sort(),
  );
  const prepare = only(journal.sent('master', 'prepare'), 'delta');
  const signal = only(journal.held('master', 'commit'), 'commit signal');
  for (const vote of votes) {
    assertOrder(['delta', prepare], ['prepared signal', vote], ['commit signal', signal]);
  }
  masterTap.release();
  await programs.confirmed();
  for (const id of programs.ids) {
    const report = await programs.report(id);
    assert.equal([report.route, report.round, report.version], ['green', 'none', version]);
  }
}

/** The whole of it; whatever happens, no process is left. */
export async function assertPrograms(cluster: SettingsCluster, ending: Ending): Promise<void> {
  const programs = new Programs(cluster);
  try {
    await assertProgramsCheck(cluster, programs, ending);
    await assertProgramsOnePhase(cluster, programs);
    await assertProgramsTwoPhase(cluster, programs);
  } finally {
    await programs.killAll();
  }
}
