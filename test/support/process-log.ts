/**
 * The logs of a node: appended by its processes, read by the judge. They are the oracle from
 * outside: what stands here was shown to readers or told to a caller, whatever happened since.
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A state that readers of the node could see. */
export interface Shown {
  readonly kind: 'shown';
  readonly lineage: string;
  readonly version: number;
  readonly digest: string;
  readonly sum: string;
  /** Changes that became visible; all there are, when the whole content was loaded or replaced. */
  readonly changes: readonly string[];
}

export type Entry =
  | { readonly kind: 'life'; readonly life: number }
  | Shown
  | { readonly kind: 'reset'; readonly from: number; readonly to: number }
  /** The folder of this node was put back to an older one, or taken away, while it was down. */
  | { readonly kind: 'restored' }
  /** By order of hosts, what is above this version is given up; history goes on from there. */
  | { readonly kind: 'rewound'; readonly to: number }
  /** A whole state began to arrive. */
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'trouble'; readonly code: string; readonly reason: string }
  /** Written before a change is made, so that a change without an answer is known, too. */
  | { readonly kind: 'tried'; readonly change: string; readonly method: string }
  | { readonly kind: 'acknowledged'; readonly change: string; readonly version: number }
  | { readonly kind: 'aborted'; readonly change: string; readonly cause: string }
  | { readonly kind: 'unknown'; readonly change: string }
  | { readonly kind: 'refused'; readonly change: string; readonly code: string };

/** Appends entries; each is with the system when `write` returns, and on disk soon after. */
export class NodeLog {
  readonly #file: number;
  #isSyncing = false;

  constructor(path: string, life: number) {
    this.#file = openSync(path, 'a');
    // A kill may have left half a line: this one starts on its own.
    writeSync(this.#file, '\n');
    this.write({ kind: 'life', life });
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** Writes and brings it to the disk; entries of one turn share the sync. */
  writeSynced(entry: Entry): void {
    this.write(entry);
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    setImmediate(() => {
      this.#isSyncing = false;
      fsyncSync(this.#file);
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All entries of all lives, in order; only the last line of a life may be torn. */
export function readLog(path: string): Entry[] {
  const entries: Entry[] = [];
  let torn: string | null = null;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const entry = parsed(line);
    if (entry === null) {
      torn = line;
      continue;
    }
    if (torn !== null && entry.kind !== 'life') {
      throw new Error(`${path} holds a line that is no entry: ${torn.slice(0, 200)}`);
    }
    torn = null;
    entries.push(entry);
  }
  return entries;
}

function parsed(line: string): Entry | null {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null; // torn by a kill; the caller judges whether it may be
  }
}
