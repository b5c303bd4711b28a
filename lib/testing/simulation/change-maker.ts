/** The hosts' changes of one run, and what their callers were told. */
import { ReplicationError } from '../../errors.js';
import type { Random } from '../../runtime/random.js';
import type { UpdateOptions } from '../../service/task.js';
import type { Cluster } from './cluster.js';
import { codeOf, type MasterNode } from './node.js';
import type { Acknowledged, ChangeRecord } from './oracle.js';

/** Makes the changes of the run, and notes what their caller was told. */
export class ChangeMaker<M, S> {
  readonly #cluster: Cluster<M, S>;
  readonly #random: Random;
  #number = 0;

  constructor(cluster: Cluster<M, S>) {
    this.#cluster = cluster;
    this.#random = cluster.world.random('changes');
  }

  /** One change to one master that runs; now and then an old one that should be dead. */
  change(): void {
    const random = this.#random;
    const { masters, master } = this.#cluster;
    const target = random() < 0.1 ? (masters.at(-2) ?? master) : master;
    const isTwoPhase = random() < 0.5;
    const isWeak = random() < 0.2;
    const options: UpdateOptions = isTwoPhase
      ? { method: 'two-phase', ...(random() < 0.2 ? { ack: 'applied' } : {}) }
      : { method: 'one-phase', ...(isWeak ? { durability: 'os' } : {}) };
    const task = this.#submit(target, options, random() < 0.04);
    if (task !== null && random() < 0.05) {
      const { world } = this.#cluster;
      world.later(random() * 100, () => {
        if (task.rollback('on a whim')) world.coverage.struck('rollback');
      });
    }
  }

  /** The change that proves that all is well again. */
  async confirm(): Promise<boolean> {
    const options = { method: 'two-phase', ack: 'applied', timeout: 5_000 } as const;
    const task = this.#submit(this.#cluster.master, options, false);
    if (task === null) return false;
    try {
      const { participants, unconfirmed } = await task;
      return participants.length === this.#cluster.slaves.length && unconfirmed.length === 0;
    } catch (error) {
      this.#cluster.world.trace.note(`the last change failed: ${String(error)}`);
      return false;
    }
  }

  #submit(node: MasterNode<M, S>, options: UpdateOptions, isRefused: boolean) {
    const random = this.#random;
    const { world } = this.#cluster;
    this.#number += 1;
    const number = this.#number;
    const removes = random() < 0.4 ? this.#victim(random) : null;
    const { life } = node;
    if (life === null || !node.isRunning || life.process.isPaused) return null;
    const record: ChangeRecord = {
      number,
      removes,
      method: options.method ?? 'one-phase',
      durability: options.durability ?? 'disk',
      state: 'pending',
      order: 0,
      at: null,
      releasedBy: node === this.#cluster.master ? null : 'an old master',
    };
    world.oracle.submitted(record);
    const task = world.workload.change(
      life.face.data,
      { number, removes, isRefused, random },
      options,
    );
    const { lineage = '', epoch } = life.face.position ?? {};
    const term = epoch?.term ?? 0;
    task.then(
      ({ version }) => this.#acknowledged(node, record, { lineage, term, version }),
      (error: unknown) => this.#rejected(record, error),
    );
    return task;
  }

  /** A change made before that no other one deletes. */
  #victim(random: Random): number | null {
    const { changes } = this.#cluster.world.oracle;
    const taken = new Set(changes.map(({ removes }) => removes));
    const free = changes.filter(({ number }) => !taken.has(number));
    return free[Math.floor(random() * free.length)]?.number ?? null;
  }

  #acknowledged(node: MasterNode<M, S>, record: ChangeRecord, at: Acknowledged): void {
    const { world, master } = this.#cluster;
    if (node.life === null) return;
    world.oracle.acknowledged(record, at);
    if (node !== master) record.releasedBy ??= 'an old master';
    if (record.method === 'two-phase') world.coverage.hit('a two-phase change was committed');
    world.trace.note(`change ${record.number} is in version ${at.version}`);
  }

  #rejected(record: ChangeRecord, error: unknown): void {
    const { coverage, trace } = this.#cluster.world;
    const code = codeOf(error);
    trace.note(`change ${record.number} failed: ${code}`);
    const cause = error instanceof ReplicationError ? codeOf(error.cause) : 'unknown';
    // Told to have changed nothing anywhere: ABORTED, or never begun.
    const isNothing = ['ABORTED', 'VETOED', 'OVERLOADED'].includes(code);
    record.state = isNothing ? 'aborted' : 'unknown';
    if (code === 'VETOED') coverage.hit('a change was refused by the schema');
    if (code === 'OVERLOADED') coverage.hit('a change was refused by a full queue');
    if (code === 'OUTCOME_UNKNOWN') coverage.hit('a change ended with its outcome unknown');
    if (cause === 'VETOED') coverage.hit('a two-phase change was aborted by a veto');
    if (cause === 'TIMEOUT') coverage.hit('a two-phase change was aborted by its deadline');
    if (cause === 'ROLLED_BACK') coverage.hit('a change was rolled back by its host');
  }
}
