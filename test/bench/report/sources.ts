/** Which source a function of a CPU profile is from: the library runs as a few bundled files. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

const maps = new Map<string, SourceMap | null>();

function mapOf(url: string): SourceMap | null {
  const known = maps.get(url);
  if (known !== undefined) return known;
  const path = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
  const isMapped = url.includes('/dist/package/') && existsSync(path);
  const map = isMapped ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : null;
  maps.set(url, map);
  return map;
}

/** The address of the source, as if its module ran by itself. */
export function sourceOf({ url, lineNumber, columnNumber }: CallFrame): string {
  const entry = mapOf(url)?.findEntry(lineNumber, columnNumber);
  if (entry === undefined || !('originalSource' in entry)) return url;
  return entry.originalSource.replace(/^.*?(lib|machines)\//, '/dist/$1/');
}
