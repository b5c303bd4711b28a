/** What the demo and its master process say to each other over the channel between them. */

export type MasterRequest =
  /** `count` changes in one go; `value` sets the values instead of editing them. */
  | {
      readonly do: 'edit';
      readonly count: number;
      readonly method: 'one-phase' | 'two-phase';
      /** Values changed by each change. */
      readonly width: number;
      readonly value?: string;
    }
  /** Waits until these slaves confirmed `version`. */
  | { readonly do: 'reach'; readonly version: number; readonly slaves: readonly string[] }
  /** Writes the original in canonical form. */
  | { readonly do: 'write'; readonly path: string };

export interface MasterReply {
  readonly version: number;
  readonly digest: string;
  /** Milliseconds that it took. */
  readonly ms: number;
  /** The slaves that the last change was asked of or sent to. */
  readonly participants?: readonly string[];
  /** Present when the change was refused: by whom and why. */
  readonly refused?: { readonly code: string; readonly slaves: Readonly<Record<string, string>> };
}

export interface Asked {
  readonly id: number;
  readonly request: MasterRequest;
}

export type Answered =
  | { readonly id: number; readonly reply: MasterReply }
  | { readonly id: number; readonly error: string };
