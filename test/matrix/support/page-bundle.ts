/** Compiled modules as one script for a page, as a host's bundler would make it. */
import { join } from 'node:path';
import { build } from 'esbuild-wasm';
import { packageRoot } from '../../support/package-root.js';

export interface PageBundle {
  readonly script: string;
  /** What is in it, relative to the package. */
  readonly inputs: readonly string[];
}

/** @param source the TypeScript of its entry, relative to the package */
export async function bundlePage(source: string): Promise<PageBundle> {
  const entry = join(packageRoot, 'dist', source.replace(/\.tsx?$/, '.js'));
  const { outputFiles, metafile } = await build({
    absWorkingDir: packageRoot,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error(`nothing was bundled of ${source}`);
  return { script: script.text, inputs: Object.keys(metafile.inputs) };
}
