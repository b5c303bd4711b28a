/**
 * The import graph of this package, read from the sources: type imports count as well, and so do
 * `import('...')` with a literal. The sources are formatted, so a statement starts its line.
 */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { packageRoot } from './package-root.js';
import type { Source } from './sources.js';

export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path of the imported source, where it is one of this package. */
  readonly target: string | undefined;
  /** Whole statement is a type import: it does not exist at run time. */
  readonly typeOnly: boolean;
}

/** What `imports` in package.json maps, as sources. */
const SUBPATH_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  '#platform': ['lib/platform/node.ts', 'lib/platform/portable.ts'],
};

const STATEMENT = /^(?:import|export)\s(?<clause>[^;'"]*?)\bfrom\s+'(?<specifier>[^']+)'/gm;
const SIDE_EFFECT = /^import\s+'(?<specifier>[^']+)'/gm;
/** Not in comments, nor in the texts of tests about imports. */
const DYNAMIC = /^(?!\s*(?:\*|\/\/|\/\*))[^"`\n]*?\bimport\(\s*'(?<specifier>[^']+)'\s*\)/gm;

function targetsOf(from: string, specifier: string): ReadonlyArray<string | undefined> {
  const mapped = SUBPATH_IMPORTS[specifier];
  if (mapped !== undefined) return mapped;
  if (!specifier.startsWith('.')) return [undefined];
  const base = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '');
  return [existsSync(join(packageRoot, `${base}.tsx`)) ? `${base}.tsx` : `${base}.ts`];
}

export function importsOf({ path, text }: Source): Import[] {
  const found: Import[] = [];
  const add = (match: RegExpMatchArray, typeOnly: boolean): void => {
    const specifier = match.groups?.specifier ?? '';
    for (const target of targetsOf(path, specifier)) {
      found.push({ from: path, specifier, target, typeOnly });
    }
  };
  for (const match of text.matchAll(STATEMENT)) {
    add(match, (match.groups?.clause ?? '').startsWith('type '));
  }
  for (const match of text.matchAll(SIDE_EFFECT)) add(match, false);
  for (const match of text.matchAll(DYNAMIC)) add(match, false);
  return found;
}

/** Edges from a source to the sources it imports. */
export type Graph = ReadonlyMap<string, readonly Import[]>;

export function importGraph(sources: readonly Source[]): Graph {
  return new Map(sources.map((source) => [source.path, importsOf(source)]));
}

/** One circle per knot, as a path that ends where it began; none when there is no circle. */
export function importCircles(graph: Graph): string[][] {
  const circles: string[][] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      circles.push([...trail.slice(seenAt), path]);
      return;
    }
    if (finished.has(path)) return;
    trail.push(path);
    for (const { target } of graph.get(path) ?? []) if (target !== undefined) visit(target);
    trail.pop();
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return circles;
}

/** Everything that loading `entry` loads; type imports are gone by then. */
export function reachableFrom(graph: Graph, entry: string): Import[] {
  const seen = new Set<string>([entry]);
  const reached: Import[] = [];
  for (const path of seen) {
    const imports = graph.get(path);
    if (imports === undefined) throw new Error(`${path} is imported and does not exist`);
    for (const found of imports) {
      if (found.typeOnly) continue;
      reached.push(found);
      if (found.target !== undefined) seen.add(found.target);
    }
  }
  return reached;
}

/** The package a bare specifier belongs to; nothing for relative, `#` and `node:` ones. */
export function packageOf(specifier: string): string | undefined {
  if (/^[.#]|^node:/.test(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
