/** How each line moves a world forward. */
import type {
  ActorEndEntry,
  ActorEntry,
  ChangeEntry,
  Entry,
  GapEntry,
  KeyframeEntry,
  Line,
  MachineEntry,
  NodeEndEntry,
  NodeEntry,
  ReportEntry,
  TroubleEntry,
} from '../entries.js';
import { changeKey, emptyWorld, REMARKS_MAX, type World } from './world.js';

/** Ended actors stay readable for a while: what a session did last is why one looks. */
const ENDED_ACTORS_MAX = 32;

function begin(world: World, entry: NodeEntry, line: number): void {
  // A node has its name in every run: the run before is only of interest until the next begins.
  for (const [id, { entry: old, endedAt }] of world.nodes) {
    const isSame = old.id === entry.id && old.item === entry.item && old.role === entry.role;
    if (isSame && endedAt !== null) world.nodes.delete(id);
  }
  world.nodes.set(entry.node, { entry, report: null, heardLine: line, endedAt: null });
}

function end(world: World, { node, at }: NodeEndEntry): void {
  const known = world.nodes.get(node);
  if (known !== undefined) world.nodes.set(node, { ...known, endedAt: at });
  for (const [id, actor] of world.actors) {
    if (actor.entry.node === node && actor.endedAt === null) {
      world.actors.set(id, { ...actor, endedAt: at });
    }
  }
  for (const [key, change] of world.changes) if (change.node === node) world.changes.delete(key);
  forgetEnded(world);
}

function report(world: World, entry: ReportEntry, line: number): void {
  const known = world.nodes.get(entry.node);
  if (known === undefined) return;
  world.nodes.set(entry.node, { ...known, report: entry, heardLine: line });
}

/** Told again by each keyframe; a drawing is made once for each chart, so it stays the same one. */
function beginMachine({ machines }: World, { machine, chart }: MachineEntry): void {
  if (!machines.has(machine)) machines.set(machine, chart);
}

function beginActor(world: World, entry: ActorEntry, line: number): void {
  world.actors.set(entry.actor, { entry, line, endedAt: null });
}

/** Those that ended first go first. */
function forgetEnded(world: World): void {
  const ended = [...world.actors.values()].filter(({ endedAt }) => endedAt !== null);
  if (ended.length <= ENDED_ACTORS_MAX) return;
  ended.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  for (const { entry } of ended.slice(0, ended.length - ENDED_ACTORS_MAX)) {
    world.actors.delete(entry.actor);
  }
}

function endActor(world: World, { actor, at }: ActorEndEntry): void {
  const known = world.actors.get(actor);
  if (known === undefined) return;
  world.actors.set(actor, { ...known, endedAt: at });
  forgetEnded(world);
}

/** Stages after which nothing of a change is to be expected. */
const CLOSING: ReadonlySet<string> = new Set(['applied', 'aborted', 'failed']);

function change(world: World, entry: ChangeEntry): void {
  const key = changeKey(entry.node, entry.change);
  if (CLOSING.has(entry.stage)) world.changes.delete(key);
  else world.changes.set(key, entry);
}

/** What is known is what a keyframe says; what was remarked before stays. */
function keyframe(world: World, { entries }: KeyframeEntry, line: number): void {
  const fresh = emptyWorld(line);
  for (const [id, chart] of world.machines) fresh.machines.set(id, chart);
  for (const entry of entries) applyLine(fresh, entry, line);
  for (const [id, node] of fresh.nodes) {
    const known = world.nodes.get(id);
    const isRepeated = known !== undefined && known.report?.at === node.report?.at;
    fresh.nodes.set(id, { ...node, heardLine: isRepeated ? known.heardLine : null });
  }
  for (const part of ['nodes', 'machines', 'actors', 'changes'] as const)
    replace(world, fresh, part);
}

function replace(
  world: World,
  fresh: World,
  part: 'nodes' | 'machines' | 'actors' | 'changes',
): void {
  const into: Map<string, unknown> = world[part];
  into.clear();
  for (const [id, value] of fresh[part]) into.set(id, value);
}

function remark<T extends TroubleEntry | GapEntry>(
  list: ReadonlyArray<{ line: number; entry: T }>,
  entry: T,
  line: number,
): ReadonlyArray<{ line: number; entry: T }> {
  return [...list.slice(1 - REMARKS_MAX), { line, entry }];
}

const APPLY: {
  readonly [K in Entry['kind']]: (
    world: World,
    entry: Extract<Entry, { kind: K }>,
    line: number,
  ) => void;
} = {
  node: begin,
  'node-end': end,
  report,
  machine: beginMachine,
  actor: beginActor,
  'actor-end': endActor,
  // Of steps and messages there are too many: they are read where one looks.
  step: () => {},
  message: () => {},
  change,
  trouble: (world, entry, line) => {
    world.troubles = remark(world.troubles, entry, line);
  },
  gap: (world, entry, line) => {
    world.gaps = remark(world.gaps, entry, line);
  },
  keyframe,
};

/** Moves the world past one line, which has this number. */
export function applyLine(world: World, entry: Line, line: number): void {
  world.line = line + 1;
  world.at = entry.at;
  if (entry.kind === 'replichart-recording') return;
  const apply = APPLY[entry.kind] as (world: World, entry: Entry, line: number) => void;
  apply(world, entry, line);
}
