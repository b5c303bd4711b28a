/** One configuration checked: all promises in every state, and rest from a share of them. */
import { masterMachine, slaveMachine } from '../../machines/index.js';
import { HUNTING_GROUND } from './configurations.js';
import { type Exploration, explore } from './explorer.js';
import { heal } from './healing.js';
import { runMasterOn } from './master-turn.js';
import type { Mutant } from './mutants.js';
import { runSlaveOn } from './slave-turn.js';
import type { Bounds } from './vocabulary.js';

export interface Rest {
  readonly tried: number;
  /** Of all states that differ in a process. */
  readonly of: number;
  /** The steps from a state that never came to rest. */
  readonly stuck: readonly string[] | null;
  /** Most rounds of timers that any of them needed. */
  readonly roundsMax: number;
}

const now = () => performance.now();

export function check(bounds: Bounds): Exploration {
  runMasterOn(masterMachine);
  runSlaveOn(slaveMachine);
  return explore(bounds, now);
}

/** Lets an even share of the states come to rest; what is under way is lost, so it is left out. */
export function comeToRest(exploration: Exploration, triesMax: number): Rest {
  const { worlds, universe, bounds } = exploration;
  // A regressed slave rests only once its host has chosen (P16, P22).
  if (bounds.backups > 0) return { tried: 0, of: 0, stuck: null, roundsMax: 0 };
  const distinct = new Map(worlds.map((world) => [`${world.master}|${world.slaves}`, world]));
  const all = [...distinct.values()];
  const every = Math.max(1, Math.ceil(all.length / triesMax));
  let tried = 0;
  let roundsMax = 0;
  for (let index = 0; index < all.length; index += every) {
    const world = all[index];
    if (world === undefined) break;
    const healing = heal(universe.masterOf(world), universe.slavesOf(world), bounds);
    tried += 1;
    roundsMax = Math.max(roundsMax, healing.rounds);
    if (!healing.isHealed) return { tried, of: all.length, stuck: healing.how, roundsMax };
  }
  return { tried, of: all.length, stuck: null, roundsMax };
}

export function hunt(mutant: Mutant): Exploration {
  runMasterOn(mutant.master ?? masterMachine);
  runSlaveOn(mutant.slave ?? slaveMachine);
  try {
    return explore({ ...HUNTING_GROUND, ...mutant.needs, name: mutant.name }, now);
  } finally {
    runMasterOn(masterMachine);
    runSlaveOn(slaveMachine);
  }
}
