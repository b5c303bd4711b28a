/**
 * `npm run diagrams` writes docs/machines/*.md and *.svg from the machine definitions;
 * `npm run diagrams -- --check` writes nothing and fails when a committed file is not current.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readChart } from '../../lib/inspector/chart/read-chart.js';
import { drawFile } from './machine-drawing.js';
import { drawPage } from './machine-page.js';
import { loadMachines, MACHINE_EXPORTS, MACHINE_NAMES } from './machines.js';

// From dist/docs/tools to the sources.
const packageFolder = new URL('../../../', import.meta.url);

/** The pages and their drawings as they should be, by path relative to the package. */
export async function drawAllPages(): Promise<ReadonlyMap<string, string>> {
  const machines = await loadMachines();
  const pages = new Map<string, string>();
  for (const name of MACHINE_NAMES) {
    const exportName = MACHINE_EXPORTS[name];
    const machine = machines.get(exportName);
    if (machine === undefined) throw new Error(`machines/index.ts does not export ${exportName}`);
    const chart = readChart(machine);
    pages.set(`docs/machines/${name}.md`, drawPage(name, exportName, chart));
    pages.set(`docs/machines/${name}.svg`, await drawFile(chart));
  }
  return pages;
}

/** Paths of the pages that are missing or differ from what the machines say now. */
export async function stalePages(): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of await drawAllPages()) {
    const file = new URL(path, packageFolder);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) stale.push(path);
  }
  return stale;
}

async function writePages(): Promise<void> {
  for (const [path, text] of await drawAllPages()) {
    const file = fileURLToPath(new URL(path, packageFolder));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}

async function main(words: readonly string[]): Promise<number> {
  if (!words.includes('--check')) {
    await writePages();
    return 0;
  }
  const stale = await stalePages();
  for (const path of stale) console.log(`not current: ${path} (npm run diagrams)`);
  return stale.length === 0 ? 0 : 1;
}

const started = process.argv[1];
if (started !== undefined && pathToFileURL(realpathSync(started)).href === import.meta.url) {
  process.exitCode = await main(process.argv.slice(2));
}
