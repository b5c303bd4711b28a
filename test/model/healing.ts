/**
 * L1 to L3 from every state: from now on nothing crashes, everything new gets through, timers
 * end, and whatever was under way is lost. Then all must come to rest at the same position.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { pointOf } from '../../machines/index.js';
import { deliverToMaster } from './master-inbox.js';
import { crashMaster, endMasterJob, masterMoves, startMaster } from './master-steps.js';
import type { MasterProcess } from './master-turn.js';
import {
  crashSlave,
  deliverToSlave,
  endSlaveJob,
  slaveMoves,
  slaveRetries,
  startSlave,
} from './slave-steps.js';
import type { SlaveProcess } from './slave-turn.js';
import type { Bounds, Outcome, Packet } from './vocabulary.js';

/** Each round ends every timer once, so this is heartbeats and retries in a row. */
const ROUNDS_MAX = 24;
/** Of one round, against machines that answer each other for ever. */
const STEPS_MAX = 2000;

export interface Healing {
  readonly isHealed: boolean;
  readonly rounds: number;
  readonly how: readonly string[];
}

class Cluster {
  master: MasterProcess;
  slaves: SlaveProcess[];
  readonly #bounds: Bounds;
  #underway: Packet[] = [];
  readonly how: string[] = [];
  #steps = 0;

  constructor(master: MasterProcess, slaves: readonly SlaveProcess[], bounds: Bounds) {
    this.master = master;
    this.slaves = [...slaves];
    this.#bounds = bounds;
  }

  get isHealed(): boolean {
    const { snapshot, jobs } = this.master;
    if (snapshot === null || jobs.length > 0 || this.#underway.length > 0) return false;
    const { position, closed } = snapshot.context;
    if (!snapshot.matches({ serving: { round: 'idle' } }) || closed.length > 0) return false;
    return this.slaves.every((slave) => {
      const state = slave.snapshot as AnyMachineSnapshot | null;
      const isAtRest = state?.matches({ serving: { link: 'live', copy: 'idle' } }) === true;
      const { digest } = pointOf(slave.disk.position);
      return isAtRest && slave.disk.prepared === null && digest === position.digest;
    });
  }

  #takeMaster(outcome: Outcome<MasterProcess> | undefined): boolean {
    if (outcome === undefined) return false;
    this.master = outcome.process;
    this.#note(outcome);
    return true;
  }

  #takeSlave(index: number, outcome: Outcome<SlaveProcess> | undefined): boolean {
    if (outcome === undefined) return false;
    this.slaves[index] = outcome.process;
    this.#note(outcome);
    return true;
  }

  #note({ label, sent }: Outcome<unknown>): void {
    this.how.push(label);
    this.#underway.push(...sent);
    this.#steps += 1;
  }

  #jobs(): boolean {
    let did = false;
    this.#restartFailed();
    if (this.master.snapshot === null) did = this.#takeMaster(startMaster(this.master)[0]) || did;
    did = this.#takeMaster(endMasterJob(this.master)[0]) || did;
    for (const [index] of this.slaves.entries()) {
      const slave = () => this.slaves[index] as SlaveProcess;
      if (slave().snapshot === null) did = this.#takeSlave(index, startSlave(slave())[0]) || did;
      did = this.#takeSlave(index, endSlaveJob(slave())[0]) || did;
      const answer = slaveMoves(slave()).find(({ label }) => label.endsWith('user says yes'));
      did = this.#takeSlave(index, answer) || did;
    }
    return did;
  }

  /** A store that failed ends its process; its host starts it again (fail-stop). */
  #restartFailed(): void {
    if (this.master.snapshot?.matches('halted')) this.#takeMaster(crashMaster(this.master));
    for (const [index, slave] of this.slaves.entries()) {
      if (slave.snapshot?.matches('failed')) this.#takeSlave(index, crashSlave(slave));
    }
  }

  #deliver(): boolean {
    const packets = this.#underway;
    this.#underway = [];
    for (const packet of packets) {
      if (packet.to.includes('m')) {
        this.#takeMaster(deliverToMaster(this.master, packet, this.#bounds)[0]);
      }
      for (const [index, slave] of this.slaves.entries()) {
        if (!packet.to.includes(slave.name)) continue;
        this.#takeSlave(index, deliverToSlave(slave, packet, this.#bounds)[0]);
      }
    }
    return packets.length > 0;
  }

  settle(): boolean {
    this.#steps = 0;
    let did = true;
    while (did) {
      did = this.#jobs();
      did = this.#deliver() || did;
      if (this.#steps > STEPS_MAX) return false;
    }
    return true;
  }

  elapse(): void {
    const waits = new Set<string>();
    for (;;) {
      const moves = masterMoves(this.master, this.#bounds);
      const next = moves.find(
        ({ label }) => !label.startsWith('host') && !waits.has(label) && !label.includes(';'),
      );
      if (next === undefined) break;
      waits.add(next.label);
      this.#takeMaster(next);
    }
    for (const [index, slave] of this.slaves.entries()) {
      for (const { label } of slaveRetries(slave)) {
        const now = this.slaves[index] as SlaveProcess;
        this.#takeSlave(
          index,
          slaveRetries(now).find((move) => move.label === label),
        );
      }
    }
  }
}

export function heal(
  master: MasterProcess,
  slaves: readonly SlaveProcess[],
  bounds: Bounds,
): Healing {
  const cluster = new Cluster(master, slaves, bounds);
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
    if (!cluster.settle()) return { isHealed: false, rounds, how: cluster.how };
    if (cluster.isHealed) return { isHealed: true, rounds, how: cluster.how };
    cluster.elapse();
  }
  return { isHealed: false, rounds: ROUNDS_MAX, how: cluster.how };
}
