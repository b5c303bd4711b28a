/** The package's own folder and name. This module may be part of a bundle, at another depth. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MANIFEST = 'package.json';

/** Its name need not resolve where it is run, so the manifest is looked for above this file. */
function packageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, MANIFEST))) return folder;
  }
  return start;
}

/** Where the bundler writes the pages. */
export const pageFolder = (): string => join(packageFolder(), 'dist/lib/inspector/page/assets');

/** `replichart 1.2.3`; without a manifest no more than a name. */
export function packageText(): string {
  const path = join(packageFolder(), MANIFEST);
  if (!existsSync(path)) return 'replichart';
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const { name, version } = manifest as { readonly name?: unknown; readonly version?: unknown };
  return `${name} ${version}`;
}
