/** One cell of the bench: a yardstick in one shape, and everybody who is measured in it. */
import type { Cluster } from './cluster.js';
import type { LayerKind } from './contestants/contract.js';
import type { Entry, Reading } from './result.js';

export interface Cell {
  /** For progress: says what is under way. */
  readonly title: string;
  /** The yardsticks that its readings belong to. */
  readonly yardsticks: readonly string[];
  readonly slaves: number;
  /** Slaves that share a process. */
  readonly copies: number;
  readonly valueBytes: number;
  /** The layer that replichart uses. */
  readonly layer: LayerKind;
  /** The cluster starts without slaves: the cell adds them itself. */
  readonly startsEmpty?: boolean;
  /** Rounds, where fewer have to do because each takes long. @default those of the run */
  readonly rounds?: number;
  /** Work before the first reading, again and again. @default `measure`; null for none */
  readonly warmUp?: ((cluster: Cluster) => Promise<unknown>) | null;
  readonly entries: readonly Entry[];
  /** Label of the entry that ratios are to. */
  readonly reference: string;
  /** Once, before the first round. */
  readonly prepare?: (cluster: Cluster) => Promise<void>;
  /** Milliseconds that a round of one contestant may take. @default 180,000 */
  readonly roundMsMax?: number;
  readonly measure: (cluster: Cluster) => Promise<readonly Reading[]>;
}

/** A contestant in memory under its own name. */
export function inMemory(...contestants: readonly string[]): Entry[] {
  return contestants.map((contestant) => ({ contestant, label: contestant, store: 'memory' }));
}
