/** Where the processes of a profiled run spent their time, by part of the code. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CallFrame, sourceOf } from './sources.js';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The first that matches names the part. */
const PARTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^\(idle\)/, 'idle'],
  [/^\(garbage collector\)/, 'garbage collector'],
  [/^write(?:Buffer|v|Utf8String|Latin1String) $/, 'kernel: writes to sockets'],
  [/\/node_modules\/xstate\//, 'xstate'],
  [/\/dist\/machines\//, 'machines'],
  [/\/dist\/lib\/([a-z-]+)[/.]/, 'lib/'],
  [/\/dist\/test\//, 'bench'],
  [/ node:/, 'node'],
];
/** Parts below this share of the busy time are told together. */
const SHARE_MIN = 0.01;

function partOf({ callFrame }: ProfileNode): string {
  const name = `${callFrame.functionName} ${sourceOf(callFrame)}`;
  for (const [pattern, part] of PARTS) {
    const match = pattern.exec(name);
    if (match !== null) return part + (match[1] ?? '');
  }
  return 'V8 and native code';
}

/** Microseconds by part. */
function spentIn({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const parts = new Map(nodes.map((node) => [node.id, partOf(node)]));
  const spent = new Map<string, number>();
  for (const [place, id] of samples.entries()) {
    const part = parts.get(id) ?? 'idle';
    spent.set(part, (spent.get(part) ?? 0) + (timeDeltas[place] ?? 0));
  }
  return spent;
}

function linesOf(name: string, spent: ReadonlyMap<string, number>): string[] {
  const busy = [...spent].filter(([part]) => part !== 'idle');
  const totalUs = busy.reduce((sum, [, us]) => sum + us, 0);
  const shown = busy
    .filter(([, us]) => us >= totalUs * SHARE_MIN)
    .sort(([, left], [, right]) => right - left);
  const shares = shown.map(([part, us]) => {
    return `  ${((us / totalUs) * 100).toFixed(1).padStart(5)} %  ${part}`;
  });
  return [`${name}: ${(totalUs / 1e6).toFixed(2)} s busy`, ...shares];
}

/** One block of lines per process whose profile lies in `folder`. */
export async function profileLines(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
  const lines: string[] = [];
  for (const file of files) {
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile;
    lines.push('', ...linesOf(file.replace('.cpuprofile', ''), spentIn(profile)));
  }
  return lines;
}
