/** The version of the installed package. */
import { createRequire } from 'node:module';

/**
 * Two folders up from dist/lib/cli, where the package's own name is resolvable from nowhere else.
 */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../../package.json');
  return String((manifest as { version?: unknown }).version);
}
