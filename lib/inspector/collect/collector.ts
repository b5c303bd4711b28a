/**
 * Turns what XState and this package tell inspectors into entries: nodes, machines and actors
 * once, and then each step, message and change. Everything is copied at once, since the host's
 * objects go on changing, and their bytes must not be kept alive.
 */
import { reasonOf } from '../../errors.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { systemIds } from '../../runtime/ids.js';
import type {
  ChangeMoved,
  Inspect,
  InspectedNode,
  MessageMoved,
  ReplicationInspectionEvent,
} from '../../service/inspection.js';
import type { NodeEntry } from '../entries.js';
import { type KeepOptions, keptValue } from '../lines/kept-value.js';
import type { Collector, CollectorOptions } from './contract.js';
import {
  type ActorEvent,
  isTellable,
  type SeenActor,
  type SeenSnapshot,
  type TellableEvent,
} from './inspected-event.js';
import { Machines } from './machines.js';
import { Output } from './output.js';
import { Reporter } from './reporter.js';
import { type Step, WatchedActor } from './watched-actor.js';

/** Steps and messages per second: ten times what a busy master makes, a few per cent of a core. */
const RATE_MAX = 4000;
const REPORT_MS = 100;
/** Characters before ids, enough for a few hundred processes. */
const PREFIX_LENGTH = 6;

interface WatchedNode {
  readonly id: string;
  readonly isRun: boolean;
  readonly actors: Set<WatchedActor>;
  isOver: boolean;
  /** Something of it was left out without being told: see `leavesOut`. */
  isUnwatched: boolean;
  /** Changes whose begin was shown and that are not over: few, since a master has one at a time. */
  readonly shown: Set<string>;
}

class Collecting implements Collector {
  readonly #output: Output;
  readonly #keep: KeepOptions;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #process: NodeEntry['process'];
  readonly #machines: Machines;
  readonly #reporter: Reporter;
  /** By run of this package, or by the actor system of some other host. */
  readonly #nodes = new WeakMap<object, WatchedNode>();
  readonly #running = new Map<string, WatchedNode>();
  readonly #actors = new WeakMap<object, WatchedActor>();
  /** Weak: the bytes of a message must not outlive it because it was seen. */
  readonly #messages = new WeakMap<object, unknown>();
  readonly #keepEvent: KeepOptions;
  #count = 0;
  #isClosed = false;

  constructor(options: CollectorOptions) {
    const { clock = systemClock, sink, rateMax = RATE_MAX, reportMs = REPORT_MS } = options;
    const epochMs = options.epochMs ?? epochOf(clock.now(), options.clock === undefined);
    this.#clock = clock;
    this.#output = new Output(sink, clock, epochMs, rateMax);
    this.#keep = { payloads: options.payloads ?? false };
    this.#keepEvent = { ...this.#keep, known: this.#messages };
    this.#prefix = options.prefix ?? systemIds().slice(0, PREFIX_LENGTH);
    this.#process = options.process ?? { pid: globalThis.process?.pid ?? 0, host: 'localhost' };
    this.#machines = new Machines(this.#prefix, (machine, chart) =>
      this.#output.tell({ kind: 'machine', machine, chart }),
    );
    this.#reporter = new Reporter({
      clock,
      everyMs: reportMs,
      tell: (node, report) =>
        this.#output.tell({ kind: 'report', node, report: keptValue(report) as typeof report }),
      looked: () => this.#catchUp(),
    });
  }

  readonly inspect: Inspect = Object.assign(
    (event: unknown): void => {
      if (this.#isClosed || !isTellable(event)) return;
      const beganMs = this.#clock.now();
      try {
        this.#take(event);
        this.#output.spent(this.#clock.now() - beganMs);
      } catch (error) {
        this.#failed(event, error);
      }
    },
    { leavesOut: (run: InspectedNode) => this.#leavesOut(run) },
  );

  readonly wholly = (): (() => void) => {
    this.#catchUp();
    return this.#output.wholly();
  };

  readonly close = (): void => {
    this.#isClosed = true;
    this.#reporter.close();
  };

  /** While there is no room: making what is then dropped costs as much as showing it. */
  #leavesOut(run: InspectedNode): boolean {
    if (this.#isClosed) return true;
    const node = this.#nodes.get(run);
    if (node === undefined || this.#output.hasRoom()) return false;
    node.isUnwatched = true;
    this.#reporter.changed(node.id);
    this.#output.leaveOut(node.id);
    return true;
  }

  /** Its actors went on unwatched: where each stands now is told before its next step. */
  #lookAgain(node: WatchedNode): void {
    node.isUnwatched = false;
    for (const actor of node.actors) actor.lookAgain();
  }

  /** A defect here must not end the host's actor, to which XState would throw it. */
  #failed(event: TellableEvent, error: unknown): void {
    this.close();
    const node = event.node === undefined ? undefined : this.#nodes.get(event.node);
    if (node === undefined) return;
    const reason = `the inspector stopped watching: ${reasonOf(error)}`;
    const trouble = { code: 'PROTOCOL', reason, heuristic: false };
    this.#output.tell({ kind: 'trouble', node: node.id, trouble });
  }

  #take(event: TellableEvent): void {
    const node = this.#nodeOf(event);
    if (node.isOver) return;
    if (node.isUnwatched) this.#lookAgain(node);
    this.#reporter.changed(node.id);
    if (isOfActor(event)) this.#takeActor(node, event);
    else this.#takeRun(node, event);
  }

  #takeRun(node: WatchedNode, event: ReplicationInspectionEvent): void {
    switch (event.type) {
      case '@replichart.message':
        return this.#moved(node, event);
      case '@replichart.change':
        return this.#change(node, event);
      case '@replichart.trouble': {
        const trouble = keptValue(event.trouble) as typeof event.trouble;
        return this.#output.tell({ kind: 'trouble', node: node.id, trouble });
      }
      case '@replichart.stopped':
        return this.#endNode(node);
      default:
    }
  }

  #takeActor(node: WatchedNode, event: ActorEvent): void {
    const actor = this.#actors.get(event.actorRef);
    switch (event.type) {
      case '@xstate.actor':
        return;
      case '@xstate.event': {
        const watched = actor ?? this.#watch(node, event.actorRef);
        if (event.event.type === 'xstate.init') return;
        return watched.received(event.event, this.#idOf(event.sourceRef));
      }
      case '@xstate.microstep':
        return actor?.took(event._transitions);
      default:
        return this.#settled(node, actor ?? this.#watch(node, event.actorRef), event);
    }
  }

  #idOf(ref: SeenActor | undefined): string | undefined {
    return ref === undefined ? undefined : this.#actors.get(ref)?.id;
  }

  #settled(
    node: WatchedNode,
    actor: WatchedActor,
    { event, snapshot }: ActorEvent & { readonly type: '@xstate.snapshot' },
  ): void {
    if (actor.isOver) return;
    if (this.#output.takeRoom()) {
      const step = actor.settled(event, snapshot);
      if (step !== null && event.type !== 'xstate.stop') this.#step(node, actor, step);
    } else {
      // Where it stands is all that is told of it once there is room.
      actor.passed(event, snapshot);
      this.#output.leaveOut(node.id);
    }
    if (snapshot.status !== 'active') this.#endActor(node, actor);
  }

  #step(node: WatchedNode, actor: WatchedActor, step: Step): void {
    if (this.#output.hasGap(node.id)) {
      const wasStale = actor.isStale;
      // Where it stands now is told with the gap, and this step is in it.
      if (wasStale) this.#output.leaveOut(node.id);
      this.#tellGap(node);
      if (wasStale) return;
    }
    const { event, from, taken, value, changed } = step;
    this.#output.tell({
      kind: 'step',
      actor: actor.id,
      event: keptValue(event, this.#keepEvent) as typeof event,
      ...(from === undefined ? {} : { from }),
      taken,
      ...(value === undefined ? {} : { value }),
      ...(changed === undefined
        ? {}
        : { changed: keptValue(changed, this.#keep) as typeof changed }),
    });
  }

  /** The event that brings it to its machine follows. */
  #keepMessage(value: object): unknown {
    const kept = keptValue(value, this.#keep);
    this.#messages.set(value, kept);
    return kept;
  }

  #moved(node: WatchedNode, event: MessageMoved): void {
    if (!this.#output.takeRoom()) return this.#output.leaveOut(node.id);
    if (this.#output.hasGap(node.id)) this.#tellGap(node);
    const { fate, peers, message, bytes, reason } = event;
    this.#output.tell({
      kind: 'message',
      node: node.id,
      fate,
      peers: [...peers],
      name: message.kind,
      message: this.#keepMessage(message),
      bytes,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** A change is shown from its begin to its end or, under pressure, only when it goes wrong. */
  #change(node: WatchedNode, { type: _, node: __, ...change }: ChangeMoved): void {
    const { stage, change: id } = change;
    const isBad = stage === 'aborted' || stage === 'failed';
    if (stage === 'begun' && this.#output.takeRoom()) node.shown.add(id);
    if (!node.shown.has(id) && !isBad) return this.#output.leaveOut(node.id, stage);
    if (isBad || stage === 'applied') node.shown.delete(id);
    const kept = keptValue(change) as typeof change;
    this.#output.tell({ kind: 'change', ...kept, node: node.id });
  }

  /** Says what was left out, now that there is room, or nothing more happens. */
  #catchUp(): void {
    for (const id of [...this.#output.gaps]) {
      const node = this.#running.get(id);
      if (node !== undefined) this.#tellGap(node);
    }
  }

  #tellGap(node: WatchedNode): void {
    if (node.isUnwatched) this.#lookAgain(node);
    this.#output.tellGap(node.id);
    for (const actor of node.actors) if (actor.isStale) this.#tellActor(actor);
  }

  #nodeOf(event: TellableEvent): WatchedNode {
    const source = event.node ?? (isOfActor(event) ? event.actorRef.system : event);
    const known = this.#nodes.get(source);
    if (known !== undefined) return known;
    this.#count += 1;
    const node: WatchedNode = {
      id: `${this.#prefix}n${this.#count}`,
      isRun: event.node !== undefined,
      actors: new Set(),
      isOver: false,
      isUnwatched: false,
      shown: new Set(),
    };
    this.#nodes.set(source, node);
    this.#running.set(node.id, node);
    this.#output.tell({
      kind: 'node',
      node: node.id,
      ...(event.node === undefined ? rootOf(event as ActorEvent) : namesOf(event.node)),
      process: this.#process,
    });
    this.#reporter.add(node.id, event.node ?? null);
    return node;
  }

  #watch(node: WatchedNode, ref: SeenActor): WatchedActor {
    const snapshot: SeenSnapshot = ref.getSnapshot();
    this.#count += 1;
    const machine = snapshot.machine === undefined ? null : this.#machines.of(snapshot.machine);
    const parent = this.#idOf(ref._parent) ?? null;
    const actor = new WatchedActor(`${this.#prefix}a${this.#count}`, node.id, ref, machine, parent);
    actor.look(snapshot);
    this.#actors.set(ref, actor);
    node.actors.add(actor);
    this.#tellActor(actor);
    return actor;
  }

  #tellActor(actor: WatchedActor): void {
    actor.isStale = false;
    const { id, node, name, machine, parent } = actor;
    const kept = actor.kept(this.#keep);
    const known = { node, actor: id, name, machine: machine?.machine ?? null, parent };
    this.#output.tell({ kind: 'actor', ...known, ...kept });
  }

  #endActor(node: WatchedNode, actor: WatchedActor): void {
    actor.isOver = true;
    if (actor.isStale) this.#tellGap(node);
    node.actors.delete(actor);
    this.#output.tell({ kind: 'actor-end', actor: actor.id });
    // Of another system the root is the node; runs of this package say so themselves.
    if (actor.ref._parent === undefined && !node.isRun) this.#endNode(node);
  }

  #endNode(node: WatchedNode): void {
    this.#output.tellGap(node.id);
    node.isOver = true;
    this.#running.delete(node.id);
    this.#reporter.remove(node.id);
    this.#output.tell({ kind: 'node-end', node: node.id });
  }
}

function isOfActor(event: TellableEvent): event is ActorEvent {
  return event.type.startsWith('@xstate.');
}

function namesOf({ role, item, id, incarnation }: InspectedNode) {
  return { role, item, id, incarnation };
}

/** Another host's system is named by its root. */
function rootOf({ actorRef }: ActorEvent) {
  let root = actorRef;
  while (root._parent !== undefined) root = root._parent;
  return { role: 'actor', item: '', id: root.id, incarnation: root.sessionId } as const;
}

/** `performance` has fractions that `Date` lacks. */
function epochOf(nowMs: number, isSystemClock: boolean): number {
  return isSystemClock ? performance.timeOrigin : Date.now() - nowMs;
}

/** A collector for any number of masters, slaves and other actors of this process. */
export function createCollector(options: CollectorOptions): Collector {
  return new Collecting(options);
}
