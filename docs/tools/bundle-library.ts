/**
 * `npm run build`, after the compiler: puts the modules behind each entry of package.json's
 * `exports` into few files. A process pays some 20 KiB for every module it loads, whatever is in
 * it: as modules the library takes 3.5 MiB and 100 ms of a host more than as these files
 * (decision 0018). What several entries use is in files of its own, so that a class or a map of a
 * module is there once however many entries a host imports. Dependencies stay imports.
 */
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild-wasm';

// From dist/docs/tools to the package.
const packageFolder = new URL('../../../', import.meta.url);

const FOLDER = 'dist/package';

type Exports = Readonly<
  Record<
    string,
    string | { readonly types: string; readonly browser?: string; readonly default: string }
  >
>;

/**
 * The compiled module of each entry, by the path of its file below the folder, without `.js`. What
 * browsers get instead is compiled beside what the types are of.
 */
function entryPoints(): Record<string, string> {
  const text = readFileSync(new URL('package.json', packageFolder), 'utf8');
  const { exports } = JSON.parse(text) as { readonly exports: Exports };
  const entries: Record<string, string> = {};
  for (const target of Object.values(exports)) {
    if (typeof target === 'string') continue;
    const nameOf = (file: string) => file.replace(`./${FOLDER}/`, '').replace(/\.js$/, '');
    const compiled = new URL(target.types.replace(/\.d\.ts$/, '.js'), packageFolder);
    entries[nameOf(target.default)] = fileURLToPath(compiled);
    if (target.browser === undefined) continue;
    const beside = new URL(target.browser.replace(/^.*\//, ''), compiled);
    entries[nameOf(target.browser)] = fileURLToPath(beside);
  }
  return entries;
}

rmSync(new URL(`${FOLDER}/`, packageFolder), { recursive: true, force: true });
await build({
  absWorkingDir: fileURLToPath(packageFolder),
  entryPoints: entryPoints(),
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  packages: 'external',
  // Node and browsers take different files for it, when the host runs.
  external: ['#platform', 'node:*'],
  chunkNames: 'shared/[hash]',
  sourcemap: 'linked',
  // The maps of the compiler carry the sources; these point on to them.
  sourcesContent: true,
  keepNames: false,
  logLevel: 'warning',
});
