/** The version of the installed package. */
import { createRequire } from 'node:module';

/** Relative to dist/lib/cli, because the package's own name need not resolve where it is run. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../../package.json');
  return String((manifest as { version?: unknown }).version);
}
