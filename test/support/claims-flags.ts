/** The same for the other ready-made layer: flags in a flat map, those of routes on all or none. */
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import type { KeyValueMasterData } from '../../lib/layers/key-value/master.js';
import type { KeyValueSlaveData } from '../../lib/layers/key-value/slave.js';
import type { Method } from '../../machines/protocol.js';
import { type Cluster, type ClusterSetup, withCluster } from './claims-cluster.js';
import type { Change } from './claims-methods.js';
import { longText } from './claims-settings.js';

export type FlagsMaster = KeyValueMasterData<string>;
export type FlagsSlave = KeyValueSlaveData<string>;
export type FlagsCluster = Cluster<FlagsMaster, FlagsSlave>;

export function withFlags(
  use: (cluster: FlagsCluster) => Promise<void>,
  setup: Partial<ClusterSetup<FlagsMaster, FlagsSlave>> = {},
): Promise<void> {
  const data = keyValue<string>({
    methodFor: (changes) =>
      changes.some(({ key }) => key.startsWith('route.')) ? 'two-phase' : 'one-phase',
  });
  return withCluster({ data, ...setup }, use);
}

export function flagChangesOf({ master }: FlagsCluster): Record<Method, Change<FlagsSlave>> {
  const [text, route] = ['text.long', 'route.home'];
  return {
    'one-phase': {
      make: () => master.data.set(text, longText('k')),
      read: (copy) => copy.get(text),
      before: undefined,
      after: longText('k'),
    },
    'two-phase': {
      make: () => master.data.set(route, '/start'),
      read: (copy) => copy.get(route),
      before: undefined,
      after: '/start',
    },
  };
}
