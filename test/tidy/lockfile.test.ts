/** `npm ci` on any machine: npm refuses a lockfile that lacks binaries of other platforms. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readManifest } from '../support/manifest.js';
import { readSource } from '../support/sources.js';

const test = suite('lockfile');

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function lockedPackages(): Map<string, Locked> {
  const { packages } = JSON.parse(readSource('package-lock.json').text) as {
    packages: Record<string, Locked>;
  };
  return new Map(Object.entries(packages));
}

/** Where Node would find `name` from the package at `path`: nested first, then further up. */
function findLocked(locked: Map<string, Locked>, path: string, name: string): Locked | undefined {
  let folder = path;
  for (;;) {
    const found = locked.get(
      folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`,
    );
    if (found !== undefined || folder === '') return found;
    const cut = folder.lastIndexOf('node_modules/');
    folder = folder.slice(0, Math.max(0, cut - 1));
  }
}

test('every dependency of every package is locked, for all platforms', () => {
  const locked = lockedPackages();
  assert.ok(locked.size > 50, 'the lockfile is nearly empty');
  const missing = [...locked].flatMap(([path, entry]) => {
    const names = Object.keys({ ...entry.dependencies, ...entry.optionalDependencies });
    return names
      .filter((name) => findLocked(locked, path, name)?.version === undefined)
      .map((name) => `${name} of ${path || 'this package'}`);
  });
  assert.equal(missing, []);
});

test('the lockfile is of this manifest', () => {
  const root = lockedPackages().get('');
  const { dependencies, optionalDependencies, peerDependencies } = readManifest();
  assert.equal(root?.dependencies, dependencies);
  assert.equal(root?.optionalDependencies, optionalDependencies);
  assert.equal(root?.peerDependencies, peerDependencies);
});

test('no package comes from outside the registry that the user configured', () => {
  const fixed = [...lockedPackages()].filter(([, entry]) => entry.resolved !== undefined);
  assert.equal(
    fixed.map(([path]) => path),
    [],
  );
});

test('only the engine of the disk store runs a script on install', () => {
  const scripted = [...lockedPackages()].filter(([, entry]) => entry.hasInstallScript === true);
  assert.equal(
    scripted.map(([path]) => path),
    ['node_modules/classic-level'],
  );
});

test.run();
