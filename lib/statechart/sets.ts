/**
 * Which states a set of transitions leaves and enters: the procedures of W3C SCXML, as XState
 * reads them. They run once per combination that occurs and are remembered, never per event.
 */
import { ancestorsOf, childrenOf, isBelow, type Node, type Transition } from './nodes.js';

/** Document order. */
const inOrder = (first: Node, second: Node): number => first.order - second.order;

const targetsOf = ({ target }: Transition): readonly Node[] => target ?? [];

/** The innermost state that this transition does not leave; undefined is the root left as well. */
function domainOf(transition: Transition): Node | undefined {
  const { source, reenter } = transition;
  const targets = targetsOf(transition);
  const staysInside = targets.every((target) => target === source || isBelow(target, source));
  if (!reenter && staysInside) return source;
  const [head, ...others] = [...targets, source];
  const common = ancestorsOf(head as Node).find((ancestor) =>
    others.every((other) => isBelow(other, ancestor)),
  );
  if (common !== undefined) return common;
  return reenter ? undefined : source.machine.root;
}

function leftBy(transition: Transition, active: readonly Node[]): Node[] {
  if (targetsOf(transition).length === 0) return [];
  const domain = domainOf(transition);
  const left = active.filter((node) => isBelow(node, domain));
  const leavesSource = transition.reenter && transition.source === domain;
  return leavesSource ? [transition.source, ...left] : left;
}

/** States that are left, innermost first. */
export function exitSet(transitions: readonly Transition[], active: readonly Node[]): Node[] {
  const left = new Set(transitions.flatMap((transition) => leftBy(transition, active)));
  return [...left].sort(inOrder).reverse();
}

/** Of two transitions that leave a common state the inner one wins, else the earlier one. */
export function withoutConflicts(
  transitions: readonly Transition[],
  active: readonly Node[],
): readonly Transition[] {
  if (transitions.length < 2) return transitions;
  const kept = new Set<Transition>();
  for (const transition of transitions) {
    const left = new Set(leftBy(transition, active));
    const rivals = [...kept].filter((other) =>
      leftBy(other, active).some((node) => left.has(node)),
    );
    const beats = ({ source }: Transition) => isBelow(transition.source, source);
    // Those it beats before it meets one that it does not stay, as in XState.
    if (!rivals.every(beats)) continue;
    for (const rival of rivals) kept.delete(rival);
    kept.add(transition);
  }
  return [...kept];
}

export interface EntrySet {
  /** Outermost first. */
  readonly entered: readonly Node[];
  /** Those whose `initial` is followed, whose initial actions run. */
  readonly byDefault: ReadonlySet<Node>;
}

class Entry {
  readonly entered = new Set<Node>();
  readonly byDefault = new Set<Node>();

  add(node: Node): void {
    this.entered.add(node);
    this.byDefault.add(node);
  }

  follow(transition: Transition): void {
    const { source, reenter } = transition;
    const domain = domainOf(transition);
    for (const target of targetsOf(transition)) {
      if (source !== target || source !== domain || reenter) this.add(target);
      this.addBelow(target);
    }
    const limit = source.parent === undefined && reenter ? undefined : domain;
    for (const target of targetsOf(transition)) {
      const between = ancestorsOf(target, domain);
      if (domain?.type === 'parallel') between.push(domain);
      this.addAncestors(between, limit);
    }
  }

  addBelow(node: Node): void {
    if (node.type === 'compound') {
      const [first] = node.initial.target as readonly [Node];
      this.add(first);
      this.addBelow(first);
      this.addAncestors(ancestorsOf(first, node), undefined);
    } else if (node.type === 'parallel') {
      for (const region of this.emptyRegions(node)) {
        this.add(region);
        this.addBelow(region);
      }
    }
  }

  addAncestors(ancestors: readonly Node[], limit: Node | undefined): void {
    for (const ancestor of ancestors) {
      if (isBelow(ancestor, limit)) this.entered.add(ancestor);
      if (ancestor.type !== 'parallel') continue;
      for (const region of this.emptyRegions(ancestor)) {
        this.entered.add(region);
        this.addBelow(region);
      }
    }
  }

  /** Asked one by one: entering one may reach into the next. */
  *emptyRegions(parallel: Node): Iterable<Node> {
    for (const region of childrenOf(parallel)) {
      if (![...this.entered].some((node) => isBelow(node, region))) yield region;
    }
  }
}

/** States that are entered; those that stay active and are reached again are not among them. */
export function entrySet(transitions: readonly Transition[]): EntrySet {
  const entry = new Entry();
  for (const transition of transitions) entry.follow(transition);
  return { entered: [...entry.entered].sort(inOrder), byDefault: entry.byDefault };
}
