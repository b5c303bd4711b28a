import { readSource } from './sources.js';

/** What an entry is to the compiler of a host, and to its runtime. */
export interface ExportTarget {
  readonly types: string;
  readonly default: string;
}

/** The parts of package.json that tests look at. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | ExportTarget>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function readManifest(): Manifest {
  return JSON.parse(readSource('package.json').text) as Manifest;
}

/** Names a host gets with this package. */
export function runtimeDependencies(manifest: Manifest): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Tells which sources in lib/ are packed: `files` may except some (`!dist/lib/pages/*.js`). */
export function packedSources(manifest: Manifest): (path: string) => boolean {
  const excepted = manifest.files
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => new RegExp(`^${globSource(pattern.slice(1))}$`));
  return (path) => {
    const built = `dist/${path.replace(/\.tsx?$/, '.js')}`;
    return !excepted.some((pattern) => pattern.test(built));
  };
}

/** `*` stands for anything within one folder; nothing else of glob syntax is used here. */
function globSource(pattern: string): string {
  return pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
}
