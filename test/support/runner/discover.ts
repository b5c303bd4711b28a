/** Finds test files from their sources, so that stale compiled output is never run. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageRoot } from '../package-root.js';

/** The compiled file of a source path relative to the package. */
export function compiledPath(source: string): string {
  return join(packageRoot, 'dist', source.replace(/\.ts$/, '.js'));
}

const OWN_PROCESS_FOLDERS = ['test/process/', 'test/browser/', 'test/matrix/'];

/** These get a process of their own each: they start, kill and crash others. */
export function needsOwnProcess(source: string): boolean {
  return OWN_PROCESS_FOLDERS.some((folder) => source.startsWith(folder));
}

/** Sources of test files whose path contains any of the filters (all, when none is given). */
export function discover(filters: readonly string[], suffix = '.test.ts'): string[] {
  const root = join(packageRoot, 'test');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix))
    .map((name) => relative(packageRoot, join(root, name)).split(sep).join('/'))
    .filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)))
    .sort();
}

/** Sources that were not compiled: running the rest would look like success. */
export function notBuilt(sources: readonly string[]): string[] {
  return sources.filter((source) => !existsSync(compiledPath(source)));
}
