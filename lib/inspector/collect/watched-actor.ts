/** One actor as far as it was told: where it stood, and the events it has not finished. */
import { changedPaths } from '../context-paths.js';
import type { StateValue } from '../entries.js';
import { type KeepOptions, keptValue } from '../lines/kept-value.js';
import type { SeenActor, SeenEvent, SeenSnapshot } from './inspected-event.js';
import type { ToldMachine } from './machines.js';

interface Pending {
  readonly event: SeenEvent;
  readonly from: string | undefined;
  readonly taken: string[];
}

export interface Step {
  readonly event: SeenEvent;
  readonly from: string | undefined;
  readonly taken: readonly string[];
  readonly value: StateValue | undefined;
  readonly changed: Readonly<Record<string, unknown>> | undefined;
}

/** Events that wait in an actor's mailbox; of one that never takes them the oldest go. */
const PENDING_MAX = 1000;

/** Machines of which a run has one. */
const OWN_NAMES: ReadonlySet<string> = new Set(['master', 'slave', 'relay', 'node']);

function isSameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === 'string' || typeof right === 'string') return false;
  // Words by region, in the order of the definition.
  return JSON.stringify(left) === JSON.stringify(right);
}

export class WatchedActor {
  readonly id: string;
  readonly node: string;
  readonly ref: SeenActor;
  readonly machine: ToldMachine | null;
  readonly parent: string | null;
  isTold = false;
  isOver = false;
  /** Steps of it were left out: it is told whole before the next one. */
  isStale = false;
  #value: StateValue | null = null;
  #context: unknown;
  #pending: Pending[] = [];

  constructor(
    id: string,
    node: string,
    ref: SeenActor,
    machine: ToldMachine | null,
    parent: string | null,
  ) {
    this.id = id;
    this.node = node;
    this.ref = ref;
    this.machine = machine;
    this.parent = parent;
  }

  /** For people. */
  get name(): string {
    const { slave } = (this.#context ?? {}) as { readonly slave?: unknown };
    const id = this.machine?.id;
    if (id === 'session' && typeof slave === 'string') return `session of ${slave}`;
    return id !== undefined && OWN_NAMES.has(id) ? id : this.ref.id;
  }

  /** Takes the actor as it stands, whatever led there. */
  look(snapshot: SeenSnapshot): void {
    this.#value = snapshot.value ?? null;
    this.#context = contextOf(snapshot);
  }

  kept(options: KeepOptions): { readonly value: StateValue | null; readonly context: unknown } {
    return { value: this.#value, context: keptValue(this.#context, options) };
  }

  received(event: SeenEvent, from: string | undefined): void {
    this.#pending.push({ event, from, taken: [] });
    if (this.#pending.length > PENDING_MAX) this.#pending.shift();
  }

  took(transitions: readonly unknown[]): void {
    const [current] = this.#pending;
    if (current === undefined || this.machine === null) return;
    for (const transition of transitions) {
      const id = this.machine.transitions.get(transition);
      if (id !== undefined) current.taken.push(id);
    }
  }

  /** A step that is not shown. */
  passed(event: SeenEvent, snapshot: SeenSnapshot): void {
    this.isStale = true;
    this.#drop(event);
    this.look(snapshot);
  }

  /** Steps of it were not told at all. */
  lookAgain(): void {
    this.isStale = true;
    this.#pending = [];
    this.look(this.ref.getSnapshot());
  }

  /** The event that ended, and those before it, which ended without a word. */
  #drop(event: SeenEvent): Pending | undefined {
    const index = this.#pending.findIndex((pending) => pending.event === event);
    const pending = this.#pending[index];
    if (index >= 0) this.#pending.splice(0, index + 1);
    return pending;
  }

  /** What happened since the event that led to this snapshot came; null when there was none. */
  settled(event: SeenEvent, snapshot: SeenSnapshot): Step | null {
    const pending = this.#drop(event);
    const before = this.#value;
    const changed = changedPaths(this.#context, contextOf(snapshot));
    this.look(snapshot);
    const value =
      this.#value === null || isSameValue(before, this.#value) ? undefined : this.#value;
    if (pending === undefined && value === undefined && changed === undefined) return null;
    const { from, taken = [] } = pending ?? {};
    return { event, from, taken, value, changed };
  }
}

/** Logic that is no machine has a context, an output, or nothing to show. */
function contextOf({ context, output }: SeenSnapshot): unknown {
  return context === undefined ? (output ?? null) : context;
}
