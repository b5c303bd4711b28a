/** What keeps the event loop alive, so that a forgotten timer or socket is laid to its file. */
const GRACE_MS = 8000;
const POLL_MS = 20;

type Counts = ReadonlyMap<string, number>;

function count(): Counts {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function grown(before: Counts): string[] {
  const names: string[] = [];
  for (const [name, now] of count()) {
    const more = now - (before.get(name) ?? 0);
    if (more > 0) names.push(`${more} ${name}`);
  }
  return names;
}

/** Unreferenced, or the poll would see itself. */
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, POLL_MS).unref());

export async function settledResources(): Promise<Counts> {
  await pause();
  return count();
}

/** Names and numbers of resources that are still held after a grace period for closing. */
export async function newResources(before: Counts): Promise<string[]> {
  const deadline = performance.now() + GRACE_MS;
  let left = grown(before);
  while (left.length > 0 && performance.now() < deadline) {
    await pause();
    left = grown(before);
  }
  return left;
}
