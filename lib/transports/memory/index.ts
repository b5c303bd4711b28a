/** The memory network: both sides within one process, and a seeded simulation of bad networks. */
import { MemoryNetwork, type MemoryNetworkOptions } from './network.js';

export type { LinkFaults } from './faults.js';
export type { LinkStatistics } from './link.js';
export type {
  MemoryConnectOptions,
  MemoryNetwork,
  MemoryNetworkOptions,
  PartitionOptions,
} from './network.js';

/**
 * A network within one process. `network.listen(name)` is a master's transport and
 * `network.connect({ to, name })` a slave's; both follow the transport contract, and `features`
 * say less than `ordered` and `reliable` as soon as faults are configured. Frames are handed on
 * without copying: what was received is to be read, not written.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new MemoryNetwork(options);
}
