/** Entries as a file that `replichart replay` opens. */
import { writeFileSync } from 'node:fs';
import { type Entry, type Line, RECORDING_FORMAT } from '../../lib/inspector/entries.js';
import { writeLine } from '../../lib/inspector/json.js';
import { readManifest } from './manifest.js';

/** The header first; what comes out of a file again. */
export function linesOf(at: number, entries: readonly Entry[]): readonly Line[] {
  const { name, version } = readManifest();
  const about = {
    format: RECORDING_FORMAT,
    package: `${name} ${version}`,
    payloads: false,
  } as const;
  return [{ kind: 'replichart-recording', at, ...about }, ...entries];
}

/** @returns how many lines were written */
export function writeEntries(path: string, at: number, entries: readonly Entry[]): number {
  const lines = linesOf(at, entries);
  writeFileSync(path, `${lines.map(writeLine).join('\n')}\n`);
  return lines.length;
}
