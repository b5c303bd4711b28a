/** For hosts that bring a layer of their own: a table in SQLite, a search index, a folder. */
import { ReplicationError } from '../errors.js';
import type { LayerDefinition, MasterUserLayer, SlaveUserLayer } from './contract.js';

const MASTER_METHODS = [
  'attach',
  'position',
  'createDelta',
  'createSnapshot',
  'commit',
  'rollback',
] as const satisfies ReadonlyArray<keyof MasterUserLayer>;

const SLAVE_METHODS = [
  'position',
  'prepare',
  'commit',
  'abort',
  'installSnapshot',
] as const satisfies ReadonlyArray<keyof SlaveUserLayer>;

function assertMethods(layer: unknown, role: string, names: readonly string[]): void {
  const methods = (layer ?? {}) as Readonly<Record<string, unknown>>;
  const missing = names.filter((name) => typeof methods[name] !== 'function');
  if (missing.length === 0) return;
  const problem = `The ${role} user layer lacks ${missing.join(', ')}`;
  throw new ReplicationError('INVALID_OPTION', `${problem}; see the contract of user layers`);
}

/**
 * Makes a layer definition of two factories, each of which makes a fresh user layer that is also
 * the `data` its host sees. A role that a process never takes may be left out.
 *
 * @throws {ReplicationError} INVALID_OPTION, from `createMaster` or `createSlave`, when the layer
 * that a factory makes lacks methods of the contract, or when there is no factory for the role.
 */
export function defineLayer<
  Delta,
  Change,
  MasterData extends object,
  SlaveData extends object,
>(roles: {
  readonly master?: () => MasterUserLayer<Delta, Change> & MasterData;
  readonly slave?: () => SlaveUserLayer<Delta> & SlaveData;
}): LayerDefinition<MasterData, SlaveData> {
  const missing = (role: string): never => {
    throw new ReplicationError('INVALID_OPTION', `This layer was defined without a ${role} side`);
  };
  return {
    createMasterLayer() {
      const layer = roles.master?.() ?? missing('master');
      assertMethods(layer, 'master', MASTER_METHODS);
      // The service hands deltas back to the layer that made them, so their type is its affair.
      return layer as MasterUserLayer & MasterData;
    },
    createSlaveLayer() {
      const layer = roles.slave?.() ?? missing('slave');
      assertMethods(layer, 'slave', SLAVE_METHODS);
      return layer as SlaveUserLayer & SlaveData;
    },
  };
}
