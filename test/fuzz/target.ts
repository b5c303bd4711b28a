/** What is fuzzed: one part of the package that reads what others wrote. */
import type { Random } from '../../lib/runtime/random.js';

export interface Target {
  readonly name: string;
  readonly family: 'frames' | 'documents';
  /** How many of a whole check's inputs of its family, as a share. */
  readonly share: number;
  make(random: Random): Uint8Array;
  /**
   * Reads one input. Throws `ReplicationError` for what it refuses; anything else thrown is a
   * finding, and so is whatever it reports through `finding`.
   */
  read(input: Uint8Array): void | Promise<void>;
  /** Ends what it started. */
  close?(): Promise<void>;
}

/** Content came through that must not; its message says which. */
export class Finding extends Error {
  override readonly name = 'Finding';
}
