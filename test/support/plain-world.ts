/**
 * What a recording says at one line, found in the plainest way: from its first line, one by one,
 * each parsed. The timeline must say the same, however it got there.
 */
import type { Entry, Line, StateValue } from '../../lib/inspector/entries.js';
import { readLine } from '../../lib/inspector/json.js';

export interface PlainActor {
  value: StateValue | null;
  context: Record<string, unknown>;
  steps: number;
  ended: boolean;
}

export interface PlainWorld {
  readonly reports: Map<string, unknown>;
  readonly ended: Set<string>;
  readonly actors: Map<string, PlainActor>;
  readonly changes: Map<string, string>;
}

function setPath(context: Record<string, unknown>, path: string, value: unknown): void {
  const [outer = '', ...inner] = path.split('.');
  const isInner = inner.length > 0;
  if (isInner && context[outer] === undefined) context[outer] = {};
  const holder = isInner ? (context[outer] as Record<string, unknown>) : context;
  const key = isInner ? inner.join('.') : outer;
  if (value === undefined) delete holder[key];
  else holder[key] = value;
}

const ENDS = ['applied', 'aborted', 'failed'];

function apply(world: PlainWorld, entry: Entry): void {
  if (entry.kind === 'report') world.reports.set(entry.node, entry.report);
  if (entry.kind === 'node') world.ended.delete(entry.node);
  if (entry.kind === 'node-end') world.ended.add(entry.node);
  if (entry.kind === 'actor') {
    const context = structuredClone(entry.context) as Record<string, unknown>;
    world.actors.set(entry.actor, { value: entry.value, context, steps: 0, ended: false });
  }
  if (entry.kind === 'change') {
    const key = `${entry.node} ${entry.change}`;
    if (ENDS.includes(entry.stage)) world.changes.delete(key);
    else world.changes.set(key, entry.stage);
  }
  const actor = 'actor' in entry ? world.actors.get(entry.actor) : undefined;
  if (actor === undefined) return;
  if (entry.kind === 'actor-end') actor.ended = true;
  if (entry.kind !== 'step') return;
  actor.value = entry.value ?? actor.value;
  actor.steps += 1;
  for (const [path, value] of Object.entries(entry.changed ?? {})) {
    setPath(actor.context, path, value);
  }
}

/** The world before line `end` of these texts. */
export function plainWorld(texts: readonly string[], end: number): PlainWorld {
  const world: PlainWorld = {
    reports: new Map(),
    ended: new Set(),
    actors: new Map(),
    changes: new Map(),
  };
  for (const text of texts.slice(0, end)) {
    const line: Line = readLine(text);
    if (line.kind === 'replichart-recording') continue;
    if (line.kind === 'keyframe') for (const entry of line.entries) apply(world, entry);
    else apply(world, line);
  }
  return world;
}
