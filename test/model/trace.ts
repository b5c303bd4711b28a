/** A violation in words: each step, and what the process that took it looks like after it. */
import type { Exploration } from './explorer.js';
import type { World } from './world.js';

function leaves(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.values(value as Record<string, unknown>)
    .map(leaves)
    .filter((text) => text !== '')
    .join('+');
}

function looks(exploration: Exploration, world: World): string {
  const { universe } = exploration;
  const master = universe.masterOf(world);
  const parts = [`m:${master.snapshot === null ? 'down' : leaves(master.snapshot.value)}`];
  for (const slave of universe.slavesOf(world)) {
    const at = slave.disk.position?.digest ?? '-';
    const held = slave.disk.prepared === null ? '' : ` holds ${slave.disk.prepared.round}`;
    const state = slave.snapshot === null ? 'down' : leaves(slave.snapshot.value);
    parts.push(`${slave.name}:${state} ${at}${held}`);
  }
  return parts.join(' | ');
}

export function tell(exploration: Exploration): string {
  const { violation } = exploration;
  if (violation === null) return 'no violation';
  const lines = violation.broken.map(({ promise, how }) => `${promise} broken: ${how}`);
  const width = Math.max(...violation.trace.map((label) => label.length));
  for (const [index, label] of violation.trace.entries()) {
    const world = violation.worlds[index];
    const after = world === undefined ? '' : looks(exploration, world);
    lines.push(`  ${String(index + 1).padStart(2)} ${label.padEnd(width)}  ${after}`);
  }
  return lines.join('\n');
}
