/** One line of the table of nodes: the same in the page, in the terminal, and in the metrics. */
export interface NodeRow {
  /** Of the node entry; of a slave that only its master tells of, that one's, a slash, its id. */
  readonly node: string;
  readonly role: 'master' | 'slave' | 'actor';
  readonly item: string;
  readonly id: string;
  readonly version: number;
  /** Versions behind its master; null for a master, and where none of the item is known. */
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
  /**
   * Why it is not where its master is, as a person would say it; empty when all is well. Also
   * what it waits for in a round, and the change it refused last.
   */
  readonly reason: string;
}
