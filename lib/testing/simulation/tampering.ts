/**
 * Where a test puts a bug of its own between the parts of a node, to show that the simulation
 * would find it. Nothing of this is known to the code that ships.
 */
import type { Enveloped } from '../../../machines/protocol.js';
import type { MasterUserLayer, SlaveUserLayer } from '../../layers/contract.js';
import type { StoreDefinition } from '../../stores/contract.js';

/** Each part is optional; without any the nodes are as they ship. */
export interface Tampering {
  /** Wraps the store of a node. */
  readonly store?: (store: StoreDefinition, role: 'master' | 'slave') => StoreDefinition;
  /** Changes the layer of a master, in place. */
  readonly masterLayer?: (layer: MasterUserLayer) => void;
  /** Changes the layer of a slave, in place. */
  readonly slaveLayer?: (layer: SlaveUserLayer) => void;
  /** Answers true to keep a message from leaving its node. */
  readonly drops?: (node: string, message: Enveloped) => boolean;
  /** Answers true for a synced batch with these keys that shall not be synced. */
  readonly syncLies?: (keys: readonly string[]) => boolean;
}
