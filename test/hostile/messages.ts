/** What the processes of a siege say to each other. */

/** Settings of a run; times in milliseconds. */
export interface SiegePlan {
  /** Windows of quiet and of attack, in turn, so that a change of the machine's mood is in both. */
  readonly windows: number;
  readonly windowMs: number;
  /** Connections, of all windows together, that never finish their handshake. */
  readonly halfOpen: number;
  /** Connections that say one byte a second. */
  readonly dripping: number;
  /** Slaves with good credentials that follow an item of large changes and never read. */
  readonly deaf: number;
  /** Attempts a second with another key. */
  readonly wrongKeys: number;
}

export const SECRET = 'the key of the siege';
export const ITEM = 'settings';
export const BULK_ITEM = 'bulk';
export const BULK_BYTES = 256 * 1024;
export const STALL_MS = 2000;

export interface Window {
  /** Milliseconds of each two-phase round, from the call to its decision. */
  readonly roundsMs: readonly number[];
  readonly rssBytesMax: number;
}

/** To the process of the master. */
export type VictimOrder = { readonly order: 'measure'; readonly forMs: number } | { order: 'end' };

export type VictimReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'window'; readonly window: Window }
  | {
      readonly kind: 'ended';
      /** Refusals by code, the counted ones included. */
      readonly refusals: Readonly<Record<string, number>>;
      /** Slaves that never read, by the code with which they were dropped. */
      readonly dropped: Readonly<Record<string, number>>;
      readonly lines: number;
      readonly handles: number;
    };

export type AttackOrder =
  | { readonly order: 'attack'; readonly forMs: number; readonly plan: SiegePlan }
  | { readonly order: 'end' };

export interface AttackReport {
  readonly opened: number;
  /** How many of them the master closed before the attacker did. */
  readonly closed: number;
  readonly dripsClosed: number;
  readonly deafJoined: number;
  readonly keysTried: number;
  readonly keysRefused: number;
}

/** Sends to the parent; a child without one has nobody to work for. */
export function report(
  message: VictimReport | AttackReport | { readonly kind: 'ready' | 'over' },
): void {
  process.send?.(message);
}
