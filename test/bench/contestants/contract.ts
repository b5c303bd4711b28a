/** What a contestant is to the bench: a master's side and a slave's, in processes of their own. */
import type { Value } from '../values.js';

export type StoreKind = 'memory' | 'disk';

/** When an acknowledged update counts: all voted and the commit was sent, or all applied it. */
export type Acknowledgement = 'committed' | 'applied';

/** `sink`: the master has a keyValue, slaves take everything and keep only their position. */
export type LayerKind = 'keyValue' | 'document' | 'sink';

/** What a side is made of. */
export interface SideConfig {
  readonly contestant: string;
  readonly layer: LayerKind;
  readonly store: StoreKind;
  /** How many slaves the cluster has. */
  readonly slaves: number;
  /** Empty folder of this side alone, for what it keeps on disk. */
  readonly folder: string;
  /** Where a server that the harness started listens; null for contestants that need none. */
  readonly server: string | null;
}

export interface MasterSide {
  /** Handed to the slaves as it is. */
  readonly address: string;
  /** Resolves once that many slaves are connected and have everything. */
  joined(slaves: number): Promise<void>;
  /** One update, one-phase; collected and sent as the contestant thinks best. */
  put(key: string, value: Value): void;
  /** Called once per turn of a load: a promise when the contestant wants no more for now. */
  pressure(): Promise<void> | null;
  /** One update that all slaves acknowledge. Absent where the contestant has nothing like it. */
  commit?(key: string, value: Value, until: Acknowledgement): Promise<void>;
  /** For contestants whose slaves are no processes of the bench: all of them have everything. */
  settled?(): Promise<void>;
  read(key: string): Value | undefined;
  stop(): Promise<void>;
}

export interface SlaveSide {
  /** Connects, and resolves once this slave has all that the master had. May be called again. */
  connect(): Promise<void>;
  /** Goes away but keeps what it has. */
  disconnect(): Promise<void>;
  read(key: string): Value | undefined;
  /** How many keys have a value. */
  size(): number;
  /** Called after each batch of updates that can be read from then on. */
  onApplied(listener: () => void): void;
  /** Milliseconds since the master was heard; absent where nothing is sent in calm times. */
  ageMs?(): number;
  stop(): Promise<void>;
}

/** What the module of a contestant exports. */
export interface ContestantSides {
  createMasterSide(config: SideConfig): Promise<MasterSide>;
  createSlaveSide(config: SideConfig, address: string, id: string): Promise<SlaveSide>;
}
