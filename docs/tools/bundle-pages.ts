/**
 * Bundles the pages for browsers into dist/lib/inspector/page/assets/, after tsc. What was built
 * from the same inputs before is taken from build/pages/: starting esbuild costs seconds.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { licencesOf } from './bundled-licences.js';

// From dist/docs/tools to the package.
const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = 'dist/lib/inspector';
const ASSETS = join(packageFolder, BUILT, 'page/assets');
const CACHE = join(packageFolder, 'build/pages');
/** The oldest browsers that have what the page needs: `:has`, streams, `oklch`. */
const TARGETS = ['chrome111', 'firefox121', 'safari16.4'];

interface Page {
  readonly name: string;
  /** Where its sheet and its document are, beside its sources. */
  readonly source: string;
  readonly entry: string;
}

const PAGES: readonly Page[] = [
  { name: 'page', source: 'lib/inspector/page', entry: `${BUILT}/page/main.js` },
  { name: 'playground', source: 'lib/inspector/playground', entry: `${BUILT}/playground/main.js` },
];

const documentOf = ({ name, source }: Page): string =>
  join(packageFolder, source, name === 'page' ? 'index.html' : `${name}.html`);
const sheetOf = ({ name, source }: Page): string => join(packageFolder, source, `${name}.css`);

/** Everything that may end up in a bundle, and what makes it. */
function* inputs(pages: readonly Page[]): Generator<string> {
  for (const folder of ['dist/lib', 'dist/machines', 'dist/docs/tools']) {
    const names = readdirSync(join(packageFolder, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.sort()) {
      if (name.endsWith('.js') && !name.startsWith('cli/')) yield join(packageFolder, folder, name);
    }
  }
  for (const page of pages) yield* [documentOf(page), sheetOf(page)].filter(existsSync);
  yield join(packageFolder, 'package-lock.json');
}

function hashOf(files: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(file.slice(packageFolder.length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

async function bundle(pages: readonly Page[], folder: string): Promise<void> {
  const { build, stop } = await import('esbuild-wasm');
  const sheets = pages.map(sheetOf).filter(existsSync);
  const entries = [...pages.map(({ name, entry }) => [name, join(packageFolder, entry)])];
  const sheetEntries = sheets.map((path) => [path.replace(/^.*\/|\.css$/g, ''), path]);
  const common = {
    absWorkingDir: packageFolder,
    bundle: true,
    minify: true,
    outdir: folder,
    platform: 'browser',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    target: TARGETS,
  } as const;
  const code = await build({
    ...common,
    entryPoints: Object.fromEntries(entries),
    format: 'esm',
    splitting: true,
    // The drawing is large and only loaded when a chart is looked at: it gets its own file.
    chunkNames: '[name]-[hash]',
  });
  const styles = await build({ ...common, entryPoints: Object.fromEntries(sheetEntries) });
  await stop();
  for (const page of pages) cpSync(documentOf(page), join(folder, nameOf(documentOf(page))));
  const used = [...Object.keys(code.metafile.inputs), ...Object.keys(styles.metafile.inputs)];
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(packageFolder, used));
}

const nameOf = (path: string): string => path.replace(/^.*[\\/]/, '');

/** Writes the assets; true when they had to be bundled, false when the same were there already. */
export async function bundlePages(): Promise<boolean> {
  const pages = PAGES.filter(({ entry }) => existsSync(join(packageFolder, entry)));
  const kept = join(CACHE, hashOf(inputs(pages)));
  const isNew = !existsSync(kept);
  if (isNew) {
    const making = `${kept}.${process.pid}`;
    rmSync(CACHE, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    await bundle(pages, making);
    renameSync(making, kept);
  }
  rmSync(ASSETS, { recursive: true, force: true });
  mkdirSync(dirname(ASSETS), { recursive: true });
  cpSync(kept, ASSETS, { recursive: true });
  return isNew;
}

const started = process.argv[1];
if (started !== undefined && pathToFileURL(realpathSync(started)).href === import.meta.url) {
  await bundlePages();
}
