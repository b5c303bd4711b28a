/** Real user layers whose every call is written down, in both directions. */
import type {
  LayerDefinition,
  MasterService,
  MasterUserLayer,
  SlaveUserLayer,
} from '../../lib/layers/contract.js';
import type { Journal } from './claims-journal.js';

const MASTER_CALLS = [
  'open',
  'attach',
  'position',
  'build',
  'createDelta',
  'createSnapshot',
  'commit',
  'rollback',
] as const satisfies ReadonlyArray<keyof MasterUserLayer>;

const SLAVE_CALLS = [
  'open',
  'position',
  'prepare',
  'commit',
  'abort',
  'installSnapshot',
] as const satisfies ReadonlyArray<keyof SlaveUserLayer>;

const SERVICE_CALLS = [
  'start',
  'submit',
  'announce',
  'propose',
  'rollback',
] as const satisfies ReadonlyArray<keyof MasterService<unknown, unknown>>;

/** Replaces methods of this one object by ones that write down the call and what came of it. */
function record(
  target: object,
  owner: string,
  names: readonly string[],
  journal: Journal,
  prefix = '',
): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== 'function') continue;
    const value = (...args: unknown[]) => {
      const call = journal.noteCall(owner, `${prefix}${name}`, args);
      try {
        call.result = Reflect.apply(original, target, args);
        return call.result;
      } catch (thrown) {
        call.thrown = thrown;
        throw thrown;
      }
    };
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}

/** The layer's own calls downwards are written down as `service.start` and so on. */
function recordAttach(layer: MasterUserLayer, owner: string, journal: Journal): void {
  const attach = layer.attach.bind(layer);
  layer.attach = (service) => {
    const watched = { ...service };
    record(watched, owner, SERVICE_CALLS, journal, 'service.');
    attach(watched);
  };
}

export function recordedMaster<M, S>(
  definition: LayerDefinition<M, S>,
  journal: Journal,
): MasterUserLayer & M {
  const layer = definition.createMasterLayer();
  record(layer, 'master', MASTER_CALLS, journal);
  recordAttach(layer, 'master', journal);
  return layer;
}

export function recordedSlave<M, S>(
  definition: LayerDefinition<M, S>,
  owner: string,
  journal: Journal,
): SlaveUserLayer & S {
  const layer = definition.createSlaveLayer();
  record(layer, owner, SLAVE_CALLS, journal);
  return layer;
}

/** The service that the master user layer was handed when it started. */
export function serviceOf(startup: Journal): MasterService<unknown, unknown> {
  const [attach] = startup.calls('master', 'attach');
  if (attach === undefined) throw new Error('the master user layer was never attached');
  return attach.args[0] as MasterService<unknown, unknown>;
}
