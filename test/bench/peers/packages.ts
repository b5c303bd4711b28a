/**
 * Peers that are npm packages are no dependencies of this package: `npm run bench:peers` puts them
 * into a folder of their own, from where they are loaded if they are there.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../support/package-root.js';

/** Outside of the sources, whose tests read everything below them. */
export const PEERS_FOLDER = join(packageRoot, 'build/bench-peers');

/** Why `name` cannot be loaded, or null. */
export function missingPackage(name: string): string | null {
  const isThere = existsSync(join(PEERS_FOLDER, 'node_modules', name, 'package.json'));
  return isThere ? null : `${name} is not installed: npm run bench:peers`;
}

/** The module `name` as the caller knows it to be; nobody has types of it here. */
export async function loadPackage<Module>(name: string): Promise<Module> {
  const { resolve } = createRequire(join(PEERS_FOLDER, 'package.json'));
  const loaded = (await import(pathToFileURL(resolve(name)).href)) as Module & { default?: Module };
  return { ...loaded.default, ...loaded };
}
