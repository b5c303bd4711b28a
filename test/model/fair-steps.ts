/**
 * What happens once all is well: nothing crashes, every message gets through in the order it was
 * sent, writes succeed, user layers say yes, and timers end only when nothing else is under way.
 * Numbers that only rise are counted anew at each pause, so that all of it is a finite graph.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { deliverToMaster } from './master-inbox.js';
import { crashMaster, endMasterJob, masterMoves, startMaster } from './master-steps.js';
import { type MasterProcess, masterStepper } from './master-turn.js';
import {
  crashSlave,
  deliverToSlave,
  endSlaveJob,
  slaveMoves,
  slaveRetries,
  startSlave,
} from './slave-steps.js';
import type { SlaveProcess } from './slave-turn.js';
import type { Outcome, Packet } from './vocabulary.js';
import type { Universe } from './world.js';

/** A step of one process, with everything interned. */
export interface FairStep {
  readonly label: string;
  readonly process: number;
  readonly sent: readonly number[];
}

type Snapshot = AnyMachineSnapshot | null;

export class FairSteps {
  readonly #universe: Universe;
  readonly #memo = new Map<string, readonly FairStep[]>();
  readonly #paused = new Map<string, readonly number[]>();

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  /** What the master does without being told to: starts, ends a job, reads the network. */
  ofMaster(id: number): readonly FairStep[] {
    return this.#masterSteps(`m${id}`, id, (master) => {
      if (master.snapshot?.matches('halted')) return [crashMaster(master)];
      if (master.snapshot === null) return startMaster(master).slice(0, 1);
      const job = endMasterJob(master).slice(0, 1);
      const moves = masterMoves(master, this.#universe.bounds);
      return [...job, ...moves.filter(({ label }) => label === `${master.name} polled`)];
    });
  }

  /** A store that failed ended its process: its host starts it again (fail-stop). */
  ofSlave(id: number): readonly FairStep[] {
    return this.#slaveSteps(`s${id}`, id, (slave) => {
      if (slave.snapshot?.matches('failed')) return [crashSlave(slave)];
      if (slave.snapshot === null) return startSlave(slave).slice(0, 1);
      const job = endSlaveJob(slave).slice(0, 1);
      const yes = slaveMoves(slave).filter(({ label }) => label.endsWith('user says yes'));
      return [...job, ...yes];
    });
  }

  masterHears(id: number, packet: number): readonly FairStep[] {
    const { packets, bounds } = this.#universe;
    return this.#masterSteps(`m${id}<${packet}`, id, (master) =>
      deliverToMaster(master, packets.valueOf(packet), bounds).slice(0, 1),
    );
  }

  slaveHears(id: number, packet: number): readonly FairStep[] {
    const { packets, bounds } = this.#universe;
    return this.#slaveSteps(`s${id}<${packet}`, id, (slave) =>
      deliverToSlave(slave, packets.valueOf(packet), bounds).slice(0, 1),
    );
  }

  /** Each timer of the master that can end now. */
  masterTimers(id: number): readonly FairStep[] {
    return this.#masterSteps(`m${id}t`, id, (master) => {
      if (master.snapshot === null) return [];
      const delays = masterStepper()
        .waits(master.snapshot)
        .map(({ delay }) => `${master.name} ${delay}`);
      const moves = masterMoves(master, this.#universe.bounds);
      return moves.filter(({ label }) => delays.includes(label));
    });
  }

  /** A slave whose master speaks to it never finds it silent: such an exit would hide a wedge. */
  slaveTimers(id: number, master: number): readonly FairStep[] {
    const { name } = this.#universe.slaves.valueOf(id);
    const { sessions, snapshot } = this.#universe.masters.valueOf(master);
    const isSpokenTo = snapshot?.matches('serving') === true && sessions[name] !== undefined;
    return this.#slaveSteps(`s${id}t${isSpokenTo ? 1 : 0}`, id, (slave) =>
      slaveRetries(slave).filter(({ label }) => !(isSpokenTo && label === `${name} SILENCE`)),
    );
  }

  /** The same processes with sequence numbers and hellos counted from one again, order kept. */
  paused(master: number, slaves: readonly number[]): readonly number[] {
    const key = `${master}|${slaves}`;
    const known = this.#paused.get(key);
    if (known !== undefined) return known;
    const universe = this.#universe;
    const lead = universe.masters.valueOf(master);
    const follow = slaves.map((id) => universe.slaves.valueOf(id));
    const numbers = [lead.sequence, ...follow.flatMap(sequencesOf)].filter((each) => each > 0);
    const order = [...new Set(numbers)].sort((a, b) => a - b);
    const rank = (sequence: number) => (sequence > 0 ? order.indexOf(sequence) + 1 : sequence);
    const calm = [
      universe.masters.idOf({ ...lead, sequence: rank(lead.sequence), greeted: [] }),
      ...follow.map((slave) => universe.slaves.idOf(renumbered(slave, rank))),
    ];
    this.#paused.set(key, calm);
    return calm;
  }

  #masterSteps(
    key: string,
    id: number,
    steps: (process: MasterProcess) => Outcome<MasterProcess>[],
  ) {
    const { masters } = this.#universe;
    return this.#remember(key, () =>
      steps(masters.valueOf(id)).map((step) => this.#intern(step, masters.idOf(step.process))),
    );
  }

  #slaveSteps(key: string, id: number, steps: (process: SlaveProcess) => Outcome<SlaveProcess>[]) {
    const { slaves } = this.#universe;
    return this.#remember(key, () =>
      steps(slaves.valueOf(id)).map((step) => this.#intern(step, slaves.idOf(step.process))),
    );
  }

  #remember(key: string, compute: () => readonly FairStep[]): readonly FairStep[] {
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const steps = compute();
    this.#memo.set(key, steps);
    return steps;
  }

  #intern({ label, sent }: { label: string; sent: readonly Packet[] }, process: number): FairStep {
    return { label, process, sent: sent.map((packet) => this.#universe.packets.idOf(packet)) };
  }
}

function sequencesOf({ snapshot, disk }: SlaveProcess): readonly number[] {
  const facts = snapshot?.context.facts;
  const rounds = [disk.prepared, facts?.prepared, facts?.offer];
  return [facts?.sequence ?? 0, ...rounds.map((round) => round?.sequence ?? 0)];
}

function renumbered(slave: SlaveProcess, rank: (sequence: number) => number): SlaveProcess {
  const { disk, snapshot } = slave;
  const ranked = <Round extends { readonly sequence: number } | null>(round: Round): Round =>
    round === null ? round : { ...round, sequence: rank(round.sequence) };
  if (snapshot === null) return { ...slave, disk: { ...disk, prepared: ranked(disk.prepared) } };
  const { facts } = snapshot.context;
  const isAsked = facts.hello !== null;
  const counted = {
    ...facts,
    sequence: rank(facts.sequence),
    prepared: ranked(facts.prepared),
    offer: ranked(facts.offer),
    helloCount: isAsked ? 1 : 0,
    hello: isAsked ? `${facts.self}.1` : null,
  };
  return {
    ...slave,
    disk: { ...disk, prepared: ranked(disk.prepared) },
    snapshot: {
      ...(snapshot as Exclude<Snapshot, null>),
      context: { facts: counted },
    } as typeof snapshot,
  };
}
