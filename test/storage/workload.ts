/**
 * A life of a small cluster with every kind of write a store sees: one-phase changes on disk and
 * in the system's memory, rounds that commit, are vetoed or rolled back, promises that outlive
 * their process, deletions, bursts, snapshots into empty and into stale copies, and restarts.
 */
import { seededRandom } from '../../lib/runtime/random.js';
import type { ReplicationTask, UpdateOptions } from '../../lib/service/task.js';
import type { MasterNode, RecordedCluster, SlaveNode, Tree } from './cluster.js';
import { stopAll, voting } from './cluster.js';

const TWO_PHASE: UpdateOptions = { method: 'two-phase', ack: 'applied' };

export interface Tally {
  operations: number;
  committed: number;
  aborted: number;
  restarts: number;
}

const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

const setting = (key: string, value: unknown) => (draft: Tree) => {
  draft[key] = value;
};

export class Workload {
  readonly tally: Tally = { operations: 0, committed: 0, aborted: 0, restarts: 0 };
  readonly #cluster: RecordedCluster;
  readonly #random: () => number;
  #master: MasterNode | null = null;
  readonly #slaves = new Map<string, SlaveNode>();

  constructor(cluster: RecordedCluster, seed: string) {
    this.#cluster = cluster;
    this.#random = seededRandom(seed, 'workload');
  }

  /** @param scale how often each part is done; 1 makes at least 200 operations */
  async run(scale: number): Promise<void> {
    const times = (count: number): number => Math.max(2, Math.round(count * scale));
    await this.#start();
    await this.#each(times(30), {});
    await this.#each(times(25), { durability: 'os' });
    await this.#each(times(15), TWO_PHASE);
    await this.#join('s2');
    await this.#refused(times(6));
    await this.#rolledBack(times(4));
    await this.#restart('s1');
    await this.#mixed(times(30));
    await this.#leave('s2');
    await this.#each(times(20), {});
    await this.#bursts(times(8));
    await this.#join('s2');
    await this.#inStep();
    await this.#promiseLeft();
    await this.#restartMaster();
    await this.#logChanges(times(8));
    await this.#mixed(times(25));
    await this.#restart('s2');
    await this.#each(times(12), TWO_PHASE);
    await this.#bursts(times(6));
    await this.#each(times(10), { durability: 'os' });
    await this.#end();
  }

  get #node(): MasterNode {
    if (this.#master === null) throw new Error('the master of the workload is not running');
    return this.#master;
  }

  async #start(): Promise<void> {
    this.#master = await this.#cluster.startMaster();
    await this.#join('s1');
  }

  async #join(id: string): Promise<void> {
    this.#slaves.set(id, await this.#cluster.startSlave(id));
    await this.#inStep();
  }

  async #leave(id: string): Promise<void> {
    const slave = this.#slaves.get(id);
    if (slave === undefined) throw new Error(`${id} is not running`);
    await stopAll(slave);
    this.#slaves.delete(id);
  }

  async #restart(id: string): Promise<void> {
    this.tally.restarts += 1;
    await this.#leave(id);
    await this.#join(id);
  }

  async #restartMaster(): Promise<void> {
    this.tally.restarts += 1;
    await stopAll(this.#node);
    for (const id of [...this.#slaves.keys()]) await this.#leave(id);
    this.#master = await this.#cluster.startMaster();
    await this.#join('s1');
    await this.#join('s2');
  }

  async #end(): Promise<void> {
    await this.#inStep();
    for (const id of [...this.#slaves.keys()]) await this.#leave(id);
    await stopAll(this.#node);
  }

  async #inStep(): Promise<void> {
    const { tree, table } = this.#node;
    for (const slave of this.#slaves.values()) {
      await slave.tree.waitFor(tree.position?.version ?? 0, { timeout: 20_000 });
      await slave.table.waitFor(table.position?.version ?? 0, { timeout: 20_000 });
      this.#cluster.look(slave);
    }
  }

  #value(): unknown {
    const size = this.#random() < 0.1 ? 3000 : 40 + Math.floor(this.#random() * 300);
    return {
      at: new Date(this.tally.operations),
      text: 'x'.repeat(size),
      n: this.tally.operations,
    };
  }

  /** One change of a random item; returns its task. */
  #change(options: UpdateOptions): ReplicationTask {
    this.tally.operations += 1;
    const key = `key-${Math.floor(this.#random() * 25)}`;
    const isDeletion = this.#random() < 0.2;
    if (this.#random() < 0.5) {
      const value = this.#value();
      return this.#node.tree.data.update((draft: Tree) => {
        draft.count = Number(draft.count ?? 0) + 1;
        if (isDeletion) delete draft[key];
        else draft[key] = value;
      }, options);
    }
    if (isDeletion) return this.#node.table.data.delete(key, options);
    return this.#node.table.data.set(key, this.#value(), options);
  }

  async #finish(task: PromiseLike<unknown>): Promise<void> {
    const isCommitted = await Promise.resolve(task).then(
      () => true,
      () => false,
    );
    this.tally[isCommitted ? 'committed' : 'aborted'] += 1;
    this.#cluster.look(this.#node);
  }

  async #each(count: number, options: UpdateOptions): Promise<void> {
    for (let made = 0; made < count; made += 1) await this.#finish(this.#change(options));
  }

  async #mixed(count: number): Promise<void> {
    const kinds: readonly UpdateOptions[] = [{}, { durability: 'os' }, TWO_PHASE];
    for (let made = 0; made < count; made += 1) {
      const kind = kinds[Math.floor(this.#random() * kinds.length)] ?? {};
      await this.#finish(this.#change(kind));
    }
  }

  async #bursts(count: number): Promise<void> {
    for (let burst = 0; burst < count; burst += 1) {
      const options: UpdateOptions = burst % 2 === 0 ? { durability: 'os' } : {};
      const tasks = Array.from({ length: 6 }, () => this.#change(options));
      await Promise.all(tasks.map((task) => this.#finish(task)));
    }
  }

  /** Large unsynced changes, then a synced one: now and then it is the first of a new log. */
  async #logChanges(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      for (const durability of ['os', 'os', 'disk'] as const) {
        this.tally.operations += 1;
        const large = String(made).padStart(12_000 + Math.floor(this.#random() * 9000), '.');
        await this.#finish(this.#node.table.data.set('large', large, { durability }));
      }
    }
  }

  async #refused(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      this.tally.operations += 1;
      const { tree, table } = this.#node;
      const vetoed =
        made % 2 === 0
          ? tree.data.update(setting('veto', made), TWO_PHASE)
          : table.data.set('veto', made, TWO_PHASE);
      await this.#finish(vetoed);
    }
  }

  /** Some slaves promised already, one is still asked, when the host changes its mind. */
  async #rolledBack(count: number): Promise<void> {
    voting.delayMs = 15;
    for (let made = 0; made < count; made += 1) {
      const task = this.#change(TWO_PHASE);
      const isPromised = () =>
        Object.values(task.status.slaves).some(({ stage }) => stage === 'prepared');
      for (let wait = 0; wait < 200 && !isPromised(); wait += 1) await pause(1);
      task.rollback('the workload takes it back');
      await this.#finish(task);
    }
    voting.delayMs = 0;
  }

  /** A slave stops with its promise on disk, and asks for the outcome in its next life (P11). */
  async #promiseLeft(): Promise<void> {
    const slave = this.#slaves.get('s2');
    if (slave === undefined) throw new Error('s2 is not running');
    const away = this.#slaves.get('s1');
    if (away === undefined) throw new Error('s1 is not running');
    this.tally.operations += 1;
    voting.delayMs = 30;
    const task = this.#node.tree.data.update(setting('left', 1), TWO_PHASE);
    const isPromised = () => slave.tree.status.round !== 'none';
    for (let wait = 0; wait < 500 && !isPromised(); wait += 1) await pause(1);
    await this.#leave('s2');
    await this.#finish(task);
    voting.delayMs = 0;
    await this.#join('s2');
  }
}
