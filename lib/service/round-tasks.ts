/**
 * Between tasks and the machine: begins groups, and tells their tasks how they ended (P14, P21).
 */
import type { GroupQueue, OpenGroup } from './group-queue.js';
import type { MasterParts } from './master-parts.js';
import { chooseFrom } from './participants.js';
import { patientEvery } from './patient-every.js';
import { abortedError, type PendingTask } from './pending-task.js';
import { describeSlave, groundsOf, isFollowing, lagOf } from './slave-info.js';
import type { TaskResult } from './task.js';

/** Who is at the version of a group. */
interface Applied {
  readonly areApplied: () => boolean;
  readonly unconfirmed: () => readonly string[];
}

export class RoundTasks
  implements Pick<ConstructorParameters<typeof GroupQueue>[0], 'begin' | 'committed'>
{
  readonly #run: MasterParts;
  /** Participants of the open round, or of the last one. */
  #asked: readonly string[] = [];

  constructor(run: MasterParts) {
    this.#run = run;
  }

  /**
   * Hands a group to the machine; for a round the participants are chosen here and never change.
   * @throws {ReplicationError} ABORTED when the policy finds too few; what the host's predicate
   * throws
   */
  readonly begin = (open: OpenGroup): void => {
    const { original, actor, settings } = this.#run;
    original.remember(open.group.id, open.delta);
    if (open.method === 'one-phase') {
      this.#run.changes?.begun(open);
      actor.send({ type: 'announceGroup', group: open.group });
      return;
    }
    const participants = this.#choose(open);
    this.#asked = participants;
    open.progress.setAll(participants, 'sent');
    this.#run.changes?.begun(open);
    const voteMs = open.timeoutMs ?? settings.voteMs;
    actor.send({ type: 'proposeGroup', group: { ...open.group, participants, voteMs } });
  };

  /** The group is decided and part of the original: resolve, now or once all confirmed. */
  readonly committed = (open: OpenGroup, version: number): void => {
    const participants = open.method === 'two-phase' ? this.#asked : this.#liveIds();
    open.progress.setAll(participants, 'committed');
    const unconfirmed = () => participants.filter((id) => !this.#isAt(id, version));
    const areApplied = patientEvery(
      () => participants,
      (id) => this.#isAt(id, version),
    );
    // One for all: a group may have thousands of tasks.
    const result = { version, participants, unconfirmed: unconfirmed() };
    const patient: PendingTask[] = [];
    for (const task of open.tasks) {
      task.version = version;
      task.state = 'committed';
      if (task.options.ack === 'applied') patient.push(task);
      else task.resolve(result);
    }
    if (patient.length > 0) this.#awaitApplied(open, patient, result, { areApplied, unconfirmed });
    const { position } = this.#run;
    if (position !== null) this.#run.emitter.emit('position', position);
  };

  #choose(open: OpenGroup): readonly string[] {
    const { settings, roster } = this.#run;
    // A listed slave that was never seen is known from now on: people see that it is missing.
    if (Array.isArray(settings.participants)) {
      for (const id of settings.participants as string[]) roster.know(id, settings.clock.now());
    }
    const grounds = groundsOf(this.#run);
    const facts = [...roster.all].map((slave) => ({
      info: describeSlave(slave, grounds),
      lag: lagOf(slave, grounds),
      failures: slave.failures,
    }));
    const { participants, obstacle } = chooseFrom(settings, facts);
    if (obstacle !== null) {
      this.#run.changes?.refused(open, obstacle);
      throw abortedError('ABORTED', obstacle, open.progress);
    }
    return participants;
  }

  /** One wait for all of a group: each is looked at with every confirmation. */
  #awaitApplied(
    { progress, timeoutMs }: OpenGroup,
    tasks: readonly PendingTask[],
    { version, participants }: TaskResult,
    { areApplied, unconfirmed }: Applied,
  ): void {
    const settle = (left: readonly string[]): void => {
      const late = new Set(left);
      for (const id of participants) if (!late.has(id)) progress.set(id, 'applied');
      const result: TaskResult = { version, participants, unconfirmed: left };
      for (const task of tasks) task.resolve(result);
    };
    this.#run.waits
      .until(
        () => (areApplied() ? true : undefined),
        () => `not all slaves confirmed version ${version}`,
        { timeout: timeoutMs ?? this.#run.settings.voteMs },
      )
      .then(
        () => settle([]),
        // Once decided it resolves, whatever happens to the confirmations (P21).
        () => settle(unconfirmed()),
      );
  }

  #isAt(id: string, version: number): boolean {
    const slave = this.#run.roster.get(id);
    return slave === undefined || slave.position.version >= version;
  }

  #liveIds(): readonly string[] {
    const grounds = groundsOf(this.#run);
    const live = [...this.#run.roster.all].filter((slave) => isFollowing(slave, grounds));
    return live.map(({ id }) => id);
  }
}
