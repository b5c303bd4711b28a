/** What the check and the processes of its tree tell each other. */

export type ToNode =
  | { readonly type: 'relays'; readonly ids: readonly string[]; readonly port: number }
  | {
      readonly type: 'leaves';
      readonly ids: readonly string[];
      readonly port: number;
      /** This one vetoes the value `vetoed`, wherever it is proposed. */
      readonly vetoer: string | null;
    }
  /** How many leaves of this process show that value, and which versions they stand at? */
  | { readonly type: 'count'; readonly value: string };

export type FromNode =
  | { readonly type: 'ready'; readonly ports: readonly number[] }
  | { readonly type: 'counted'; readonly count: number; readonly versions: readonly number[] }
  | { readonly type: 'failed'; readonly reason: string };

export interface TreeValue {
  text: string;
}

export const ITEM = 'tree';
export const VETOED = 'nobody wants this';
