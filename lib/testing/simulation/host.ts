/**
 * The simulated host behind a user layer: it throws, refuses, dawdles or never answers, as a
 * fault says. The layer itself is the real one; its methods are wrapped on the object.
 */
import { Veto } from '../../errors.js';
import type { MasterUserLayer, MaybePromise, SlaveUserLayer } from '../../layers/contract.js';
import type { SimulatedProcess } from './process.js';

export type PrepareMood = 'well' | 'throws' | 'vetoes' | 'hangs' | 'slow';
export type ApplyMood = 'well' | 'throws' | 'slow';

/** How a host behaves now; faults change it while it runs. */
export interface HostMood {
  prepare: PrepareMood;
  apply: ApplyMood;
  /** On a master: `createDelta` fails. */
  delta: 'well' | 'throws';
  slowMs: number;
}

export const wellBehaved = (): HostMood => ({
  prepare: 'well',
  apply: 'well',
  delta: 'well',
  slowMs: 0,
});

function after(process: SimulatedProcess, delayMs: number): Promise<void> {
  return new Promise((resolve) => process.setTimeout(resolve, delayMs));
}

/** Runs `work` as this mood lets it. */
function inMood<T>(
  mood: PrepareMood | ApplyMood,
  slowMs: number,
  process: SimulatedProcess,
  work: () => MaybePromise<T>,
): MaybePromise<T> {
  if (mood === 'throws') throw new Error('the host failed on purpose');
  if (mood === 'vetoes') throw new Veto('the host refuses on purpose');
  if (mood === 'hangs') return new Promise<T>(() => {});
  if (mood === 'slow') return after(process, slowMs).then(work);
  return work();
}

export function wrapSlaveHost<Layer extends SlaveUserLayer>(
  layer: Layer,
  mood: HostMood,
  process: SimulatedProcess,
): Layer {
  const prepare = layer.prepare.bind(layer);
  const commit = layer.commit.bind(layer);
  const own: Pick<SlaveUserLayer, 'prepare' | 'commit'> = {
    prepare: (...args) => inMood(mood.prepare, mood.slowMs, process, () => prepare(...args)),
    commit: (...args) => inMood(mood.apply, mood.slowMs, process, () => commit(...args)),
  };
  return Object.assign(layer, own);
}

export function wrapMasterHost<Layer extends MasterUserLayer>(
  layer: Layer,
  mood: HostMood,
  process: SimulatedProcess,
): Layer {
  const commit = layer.commit.bind(layer);
  const createDelta = layer.createDelta.bind(layer);
  const slow = () => (mood.apply === 'slow' ? 'slow' : 'well');
  const own: Pick<MasterUserLayer, 'commit' | 'createDelta'> = {
    commit: (...args) => inMood(slow(), mood.slowMs, process, () => commit(...args)),
    createDelta: (...args) => inMood(mood.delta, 0, process, () => createDelta(...args)),
  };
  return Object.assign(layer, own);
}
