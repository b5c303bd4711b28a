/** A contestant as the harness sees it: what has to be installed, and what to start first. */

/** Servers that a cluster needs, started by the harness so that they end with it. */
export interface Servers {
  /** Handed to master and slaves as `SideConfig.server`. */
  readonly address: string;
  stop(): Promise<void>;
}

export interface ServerPlan {
  readonly slaves: number;
  readonly store: 'memory' | 'disk';
  readonly folder: string;
}

export interface Contestant {
  /** False where the slaves are servers: then there is a master's process only. */
  readonly hasSlaves: boolean;
  /** Why it cannot take part on this machine, or null. */
  missing(): Promise<string | null>;
  /** Null where nothing has to be started. */
  startServers?(plan: ServerPlan): Promise<Servers>;
}
