/** The texts of this package, for tests that hold the house rules against them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { packageRoot } from './package-root.js';

export interface Source {
  /** Relative to the package, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const CODE_FOLDERS = ['lib', 'machines', 'test', 'docs'] as const;
const ROOT_TEXTS = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'] as const;

function walk(folder: string, ...suffixes: readonly string[]): string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .sort();
}

export function readSource(path: string): Source {
  return { path, text: readFileSync(join(packageRoot, path), 'utf8') };
}

/** Every TypeScript source; all of them at once, or those of one folder. */
export function codeSources(folder?: (typeof CODE_FOLDERS)[number]): Source[] {
  const folders = folder === undefined ? CODE_FOLDERS : [folder];
  const sources = folders.flatMap((name) => walk(name, '.ts', '.tsx')).map(readSource);
  if (sources.length === 0) throw new Error(`no sources in ${folders.join(', ')}`);
  return sources;
}

/** Every test file that the runner runs. */
export function testSources(): Source[] {
  return codeSources('test').filter(({ path }) => path.endsWith('.test.ts'));
}

/** The Markdown pages: those at the root, which must exist, and everything in docs/. */
export function pages(): Source[] {
  return [...ROOT_TEXTS, ...walk('docs', '.md')].map(readSource);
}

/** A page without its fenced blocks, line numbers kept. */
export function proseOf(page: Source): string[] {
  let fence = '';
  return page.text.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (mark === undefined) return fence === '' ? line : '';
    if (fence === '') fence = mark;
    else if (line.trim().startsWith(fence)) fence = '';
    return '';
  });
}
