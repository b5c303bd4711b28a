/** Links of Markdown pages, and whether what they point at is there. */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { packageRoot } from './package-root.js';
import { proseOf, readSource, type Source } from './sources.js';

export interface Link {
  readonly page: string;
  readonly line: number;
  readonly target: string;
}

export function linksOf(page: Source): Link[] {
  return proseOf(page).flatMap((line, index) =>
    [...line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(
      (match) => ({ page: page.path, line: index + 1, target: match[1] ?? '' }),
    ),
  );
}

/** The anchor that Markdown renderers give a heading. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

export function anchorsOf(page: Source): Set<string> {
  const anchors = new Set<string>();
  for (const line of proseOf(page)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(anchorOf(heading));
    for (const match of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '');
  }
  return anchors;
}

/** What is wrong with a link into this package; links to the outside are not followed. */
export function linkProblem({ page, line, target }: Link): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [file = '', anchor] = target.split('#', 2);
  const path = file === '' ? page : posix.join(posix.dirname(page), file);
  if (path.startsWith('..') || !existsSync(join(packageRoot, path))) {
    return `${page}:${line} links to ${target}, which does not exist`;
  }
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  if (anchorsOf(readSource(path)).has(anchor)) return undefined;
  return `${page}:${line} links to ${target}, which has no such heading`;
}
