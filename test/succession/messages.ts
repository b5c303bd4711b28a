/** What a node process and its watcher say to each other, one JSON text a line. */
import type { Conflict } from '../../machines/node-context.js';

export interface HostConfig {
  readonly id: string;
  readonly members: readonly string[];
  readonly url: string;
  readonly folder: string;
  readonly leaseMs: number;
  /** Rises with each process of this node, so that no two write the same key. */
  readonly life: number;
  readonly seed: string;
}

/** All times are the machine's monotonic clock, which its processes share, in milliseconds. */
export type HostLine =
  | { readonly kind: 'role'; readonly role: string; readonly term: number; readonly atMs: number }
  | {
      readonly kind: 'ack';
      readonly key: string;
      readonly method: 'one-phase' | 'two-phase';
      readonly term: number;
      readonly atMs: number;
    }
  | { readonly kind: 'unconfirmed'; readonly key: string; readonly code: string }
  | { readonly kind: 'conflict'; readonly conflict: Conflict }
  | { readonly kind: 'doubt'; readonly round: string }
  | { readonly kind: 'trouble'; readonly code: string; readonly reason: string }
  | { readonly kind: 'state'; readonly state: HostState };

export interface HostState {
  readonly role: string;
  readonly version: number;
  readonly round: string;
  readonly conflicts: readonly Conflict[];
  readonly keys: readonly string[];
  /** Keys of what was set aside that are not in the data. */
  readonly conflicting: readonly string[];
}

export type HostCommand = 'load' | 'rest' | 'state' | 'stop';

export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
