/** What the page holds, as a file that opens again. */
import type { Entry } from '../entries.js';
import { writeLine } from '../json.js';
import type { Timeline } from '../timeline/timeline.js';
import type { World } from '../timeline/world.js';

/** What alone leads to this world: where older lines made room, the file begins with it. */
function keyframeOf({ at, nodes, machines, actors, changes }: World): Entry {
  const entries: Entry[] = [...machines].map(([machine, chart]) => {
    return { kind: 'machine', at, machine, chart };
  });
  for (const { entry, report, endedAt } of nodes.values()) {
    entries.push(entry);
    if (report !== null) entries.push(report);
    if (endedAt !== null) entries.push({ kind: 'node-end', at: endedAt, node: entry.node });
  }
  for (const { entry, endedAt } of actors.values()) if (endedAt === null) entries.push(entry);
  return { kind: 'keyframe', at, entries: [...entries, ...changes.values()] };
}

/** Beginning of a file whose first lines are gone; empty where all are there. */
function beginningOf(timeline: Timeline): string {
  const { first } = timeline.store;
  if (first === 0) return '';
  const world = timeline.worldAt(first);
  const { at } = world;
  const format = { format: 1, package: 'replichart', payloads: timeline.hasPayloads } as const;
  const header = writeLine({ kind: 'replichart-recording', at, ...format });
  return `${header}\n${writeLine(keyframeOf(world))}\n`;
}

export function recordingOf(timeline: Timeline): Blob {
  const type = 'application/x-ndjson';
  return new Blob([beginningOf(timeline), ...timeline.store.contents()], { type });
}

/** Hands it to the browser, which asks or puts it where downloads go. */
export function saveRecording(timeline: Timeline): void {
  const address = URL.createObjectURL(recordingOf(timeline));
  const link = document.createElement('a');
  link.href = address;
  link.download = `replichart-${new Date().toISOString().replace(/[:.]/g, '-')}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
