/**
 * What is known at the newest moment: enough to say, as entries, how one gets here. Built to be
 * cheap per entry, since every entry of every node goes through it.
 */
import { keysOf } from '../context-paths.js';
import type {
  ActorEntry,
  ChangeEntry,
  Entry,
  GapEntry,
  KeyframeEntry,
  MachineEntry,
  NodeEntry,
  ReportEntry,
  StateValue,
  StepEntry,
} from '../entries.js';
import type { KnownNode } from '../feed.js';

interface NodeState {
  readonly entry: NodeEntry;
  report: ReportEntry | null;
  readonly changes: Record<string, number>;
  seenAtMs: number | undefined;
  /** By id, those that may still move. */
  readonly open: Map<string, ChangeEntry>;
}

interface ActorState {
  readonly entry: ActorEntry;
  value: StateValue | null;
  /** Its two upper levels belong to this state and are changed in place. */
  context: unknown;
}

/** Changes of one master that may still move; those that never end make room. */
const OPEN_CHANGES_MAX = 100;

/** Definitions of all processes that were ever there; each tells its own. */
const MACHINES_MAX = 1024;

type Fields = Record<string, unknown>;

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A copy of the two levels that steps change. */
function ownContext(context: unknown): unknown {
  if (!isPlain(context)) return context;
  const own: Fields = { ...context };
  // All keys are there, so that no assignment can be to a prototype.
  for (const key of Object.keys(own)) if (isPlain(own[key])) own[key] = { ...own[key] };
  return own;
}

/** As an assignment `__proto__` would be the prototype; a slave may be called so. */
function put(fields: Fields, key: string, value: unknown): void {
  const own = isPlain(value) ? { ...value } : value;
  if (value === undefined) delete fields[key];
  else if (key !== '__proto__') fields[key] = own;
  else {
    const rights = { configurable: true, enumerable: true, writable: true };
    Object.defineProperty(fields, key, { ...rights, value: own });
  }
}

/** The table under a key of its own, made where there is none: `__proto__` leads to all. */
function tableAt(fields: Fields, key: string): Fields {
  const isThere = Object.hasOwn(fields, key) && isPlain(fields[key]);
  if (!isThere) put(fields, key, {});
  return fields[key] as Fields;
}

function changeContext(state: ActorState, changed: Readonly<Fields>): void {
  for (const path of Object.keys(changed)) {
    const [first, second] = keysOf(path);
    const value = changed[path];
    if (first === undefined || !isPlain(state.context)) {
      state.context = ownContext(first === undefined ? value : {});
      if (first === undefined) continue;
    }
    const fields = state.context as Fields;
    if (second === undefined) put(fields, first, value);
    else put(tableAt(fields, first), second, value);
  }
}

export class KnownState {
  readonly #nodes = new Map<string, NodeState>();
  readonly #machines = new Map<string, MachineEntry>();
  readonly #actors = new Map<string, ActorState>();
  #at = 0;

  /** @param seenAtMs when an entry of another host arrived, by the clock of this one */
  apply(entry: Entry, seenAtMs?: number): void {
    this.#at = entry.at;
    switch (entry.kind) {
      case 'node':
        return void this.#nodes.set(entry.node, freshNode(entry));
      case 'node-end':
        return this.#endNode(entry.node);
      case 'report': {
        const node = this.#nodes.get(entry.node);
        if (node === undefined) return;
        node.report = entry;
        node.seenAtMs = seenAtMs;
        // Moved to the end: the first is the one that is silent longest.
        this.#nodes.delete(entry.node);
        this.#nodes.set(entry.node, node);
        return;
      }
      case 'machine':
        return this.#addMachine(entry);
      case 'actor': {
        // Nothing would ever end it.
        if (!this.#nodes.has(entry.node)) return;
        const context = ownContext(entry.context);
        return void this.#actors.set(entry.actor, { entry, value: entry.value, context });
      }
      case 'actor-end':
        return void this.#actors.delete(entry.actor);
      case 'step':
        return this.#step(entry);
      case 'change':
        return this.#change(entry);
      case 'gap':
        return this.#gap(entry);
      case 'keyframe':
        // Of another collector's feed: it says what this one may not know yet.
        for (const each of entry.entries) this.apply(each, seenAtMs);
        return;
      default:
    }
  }

  /** Of the newest entry. */
  get at(): number {
    return this.#at;
  }

  /**
   * Entries that alone lead to this moment; to be written at once, for they go on changing.
   * @param next when what follows happened: the moment of the first keyframe
   */
  keyframe(next = 0): KeyframeEntry {
    const at = this.#at || next;
    const entries: Entry[] = [...this.#machines.values()];
    for (const { entry, report, open } of this.#nodes.values()) {
      entries.push(entry);
      if (report !== null) entries.push(report);
      entries.push(...open.values());
    }
    for (const { entry, value, context } of this.#actors.values()) {
      entries.push({ ...entry, at, value, context });
    }
    return { kind: 'keyframe', at, entries };
  }

  /**
   * What has to be told before a node can come where there are too many: which ones go, those
   * first that are silent longest, and that what is shown is not all. Processes that are killed
   * never tell of their end.
   */
  roomFor({ node, at }: NodeEntry, nodesMax: number): readonly Entry[] {
    const surplus = this.#nodes.has(node) ? 0 : this.#nodes.size + 1 - nodesMax;
    if (surplus <= 0) return [];
    const going = [...this.#nodes.keys()].slice(0, surplus);
    const ends = going.map((each): Entry => ({ kind: 'node-end', at, node: each }));
    return [{ kind: 'gap', at, node: '', count: surplus, reason: 'nodes' }, ...ends];
  }

  get nodes(): ReadonlyMap<string, KnownNode> {
    const known = [...this.#nodes].map(([node, { entry, report, changes, seenAtMs }]) => {
      const seen = seenAtMs === undefined ? {} : { seenAtMs };
      return [node, { entry, report, changes: { ...changes }, ...seen }] as const;
    });
    return new Map(known);
  }

  #endNode(node: string): void {
    this.#nodes.delete(node);
    for (const [actor, { entry }] of this.#actors) {
      if (entry.node === node) this.#actors.delete(actor);
    }
  }

  /** A machine is told once by whoever runs it, so it outlives the nodes that come and go. */
  #addMachine(entry: MachineEntry): void {
    this.#machines.set(entry.machine, entry);
    if (this.#machines.size <= MACHINES_MAX) return;
    const used = new Set([...this.#actors.values()].map((actor) => actor.entry.machine));
    for (const machine of this.#machines.keys()) {
      if (this.#machines.size <= MACHINES_MAX) return;
      if (!used.has(machine) && machine !== entry.machine) this.#machines.delete(machine);
    }
  }

  #step({ actor, value, changed }: StepEntry): void {
    const state = this.#actors.get(actor);
    if (state === undefined) return;
    if (value !== undefined) state.value = value;
    if (changed !== undefined) changeContext(state, changed);
  }

  #gap({ node, changes: left = {} }: GapEntry): void {
    const changes = this.#nodes.get(node)?.changes;
    if (changes === undefined) return;
    for (const [stage, count] of Object.entries(left)) {
      // What another host sent names them: any text may stand there.
      const before = Object.hasOwn(changes, stage) ? changes[stage] : 0;
      put(changes, stage, (before ?? 0) + count);
    }
  }

  #change(entry: ChangeEntry): void {
    const node = this.#nodes.get(entry.node);
    if (node === undefined) return;
    const { changes, open } = node;
    changes[entry.stage] = (changes[entry.stage] ?? 0) + 1;
    const isOver = ['applied', 'aborted', 'failed'].includes(entry.stage);
    open.delete(entry.change);
    if (isOver) return;
    open.set(entry.change, entry);
    const [oldest] = open.keys();
    if (open.size > OPEN_CHANGES_MAX && oldest !== undefined) open.delete(oldest);
  }
}

function freshNode(entry: NodeEntry): NodeState {
  return { entry, report: null, changes: {}, open: new Map(), seenAtMs: undefined };
}
