/** A folder for one test, deleted after it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-cli-test-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Resolves once `fits` holds; asks after every `wake`, and at the deadline fails with `what`. */
export async function eventually(
  what: () => string,
  deadlineMs: number,
  fits: () => boolean | Promise<boolean>,
): Promise<void> {
  const until = performance.now() + deadlineMs;
  while (!(await fits())) {
    if (performance.now() > until) throw new Error(`not within ${deadlineMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
