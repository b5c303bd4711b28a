/**
 * The programs in the documentation: every fenced block marked `ts` begins one, and blocks marked
 * `ts continued` go on with the last one of their page. They are compiled and run as they stand.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';
import { type CommandResult, runCommand } from './run-command.js';
import type { Source } from './sources.js';

export interface DocProgram {
  readonly page: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
  /** Unique file name without extension. */
  readonly name: string;
  /** Every line stands where it stands in the page, so that messages name the page's line. */
  readonly text: string;
}

interface Block {
  readonly info: string;
  readonly firstLine: number;
  readonly lines: readonly string[];
}

const COMPILE_DEADLINE_MS = 110_000;
const FOLDER = join(packageRoot, 'build', 'doc-programs');

export function blocksOf(page: Source): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; info: string; firstLine: number; lines: string[] } | undefined;
  for (const [index, line] of page.text.split('\n').entries()) {
    const mark = /^(```+|~~~+)\s*(.*)$/.exec(line);
    if (open !== undefined) {
      if (mark?.[1]?.startsWith(open.fence) && mark[2] === '') {
        blocks.push(open);
        open = undefined;
      } else open.lines.push(line);
    } else if (mark !== null) {
      const [, fence = '', info = ''] = mark;
      open = { fence, info: info.trim(), firstLine: index + 1, lines: [] };
    }
  }
  if (open !== undefined) throw new Error(`${page.path}:${open.firstLine} is never closed`);
  return blocks;
}

/** Blocks of code that would escape these tests, as `path:line`. */
export function uncheckedBlocks(page: Source): string[] {
  const isCode = /^(ts|tsx|typescript|js|jsx|javascript|mjs|mts)\b/i;
  return blocksOf(page)
    .filter(({ info }) => isCode.test(info) && info !== 'ts' && info !== 'ts continued')
    .map(({ firstLine, info }) => `${page.path}:${firstLine} is marked "${info}"`);
}

export function programsOf(page: Source): DocProgram[] {
  const programs: Array<{ line: number; lines: string[] }> = [];
  for (const { info, firstLine, lines } of blocksOf(page)) {
    if (info === 'ts') programs.push({ line: firstLine, lines: [] });
    else if (info !== 'ts continued') continue;
    const program = programs.at(-1);
    if (program === undefined) throw new Error(`${page.path}:${firstLine} continues nothing`);
    while (program.lines.length < firstLine) program.lines.push('');
    program.lines.push(...lines);
  }
  const slug = page.path.replace(/\.md$/, '').replaceAll(/[^A-Za-z0-9]+/g, '-');
  return programs.map(({ line, lines }) => ({
    page: page.path,
    line,
    name: `${slug}-line-${line}`,
    text: `${lines.join('\n')}\nexport {};\n`,
  }));
}

/** Compiles all of them at once, inside the package so that they import it by its name. */
export async function compilePrograms(programs: readonly DocProgram[]): Promise<CommandResult> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, text } of programs) writeFileSync(join(FOLDER, `${name}.ts`), text);
  const compilerOptions = {
    rootDir: '.',
    outDir: './out',
    // That of the package would tell a second run that nothing is left to emit.
    tsBuildInfoFile: './.tsbuildinfo',
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(packageRoot, 'node_modules/typescript/bin/tsc');
  return runCommand(process.execPath, [compiler, '-p', FOLDER, '--pretty', 'false'], {
    deadlineMs: COMPILE_DEADLINE_MS,
  });
}

export function compiledProgram({ name }: DocProgram): string {
  return join(FOLDER, 'out', `${name}.js`);
}
