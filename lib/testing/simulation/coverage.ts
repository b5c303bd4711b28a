/** Counts what a run met: the faults that struck, and the "sometimes" marks it came past. */

/** Branches that a set of runs has to come past; a search that misses one looks elsewhere. */
export const SOMETIMES = [
  'a two-phase change was committed',
  'a two-phase change was aborted by a veto',
  'a two-phase change was aborted by its deadline',
  'a change was rolled back by its host',
  'a change was refused by the schema',
  'a change was refused by a full queue',
  'a change ended with its outcome unknown',
  'a slave was in doubt',
  'an inquiry was answered committed',
  'an inquiry was answered aborted',
  'an inquiry was answered pending',
  'an inquiry was answered unknown',
  'a delta was pulled',
  'a snapshot went to an empty slave',
  'a snapshot replaced a trimmed history',
  'a snapshot replaced a fork',
  'a transfer of several parts',
  'a transfer was resumed',
  'a slave was quarantined',
  'a slave found its master behind it',
  'a slave was reset',
  'a duplicate id was refused',
  'a master was fenced',
  'a master was halted by its disk',
  'a slave was stopped by its disk',
  'a store refused to open: CORRUPT',
  'a start failed on its disk',
  'a decided change was redone by a restart',
  'a slave was lagging behind the high-water mark',
  'a slave adopted another lineage',
  'a slave died with a prepared round',
  'a master died with an open round',
] as const;

export type Mark = (typeof SOMETIMES)[number];

export class Coverage {
  readonly faults = new Map<string, number>();
  readonly marks = new Map<Mark, number>();

  struck(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  hit(mark: Mark): void {
    this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
  }
}
