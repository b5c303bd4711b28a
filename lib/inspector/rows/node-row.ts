/** One line of the table of nodes: the same in the page, in the terminal, and in the metrics. */
export interface NodeRow {
  readonly node: string;
  readonly role: 'master' | 'slave' | 'actor';
  readonly item: string;
  readonly id: string;
  readonly version: number;
  /** Versions behind its master; null where no master of the item is known. */
  readonly lag: number | null;
  /** Of its position, short; empty without one. */
  readonly digest: string;
  readonly link: string;
  /** What it does, in one word: `current`, `behind`, `syncing`, `prepared`, `in-doubt`, ... */
  readonly stage: string;
  /** Milliseconds since the other side was heard; null for a master and where it never was. */
  readonly heardMs: number | null;
  /** The round it holds or leads, and its stage. */
  readonly round: string | null;
  readonly severity: 'good' | 'warning' | 'bad';
  /** Why it is not where its master is, as a person would say it; empty when it is. */
  readonly reason: string;
}
