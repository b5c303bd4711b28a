/**
 * Runs change functions on a draft. All functions of a group run on one draft, which costs one
 * copy of each object they touch; when one of them throws, or leaves what nothing can carry,
 * everything is done again one by one, so that it leaves no trace and fails alone.
 */
import { create, type Draft } from 'mutative';
import { explainRefusal } from '../../codec/refusal.js';
import { surveyValue } from '../../codec/survey.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import { ReplicationError } from '../../errors.js';
import type { BuiltGroup, MaybePromise } from '../contract.js';
import { chain, isPending } from '../maybe.js';
import { findProblem, schemaRefusal } from '../schema.js';
import { type DocumentDelta, documentDelta } from './delta.js';
import { diff, type Inspect, pathText } from './diff.js';
import { kindOf } from './kinds.js';
import type { DocumentSettings } from './options.js';

/** Changes a draft in place; what it returns is not used. Runs more than once: must be pure. */
export type Recipe<T> = (draft: Draft<T>) => void;

/** One `update` or `set`. A `set` is encoded when it is called; `problem` says why it was not. */
export type DocumentChange<T> =
  | { readonly kind: 'update'; readonly recipe: Recipe<T> }
  | { readonly kind: 'set'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: unknown };

export function updateChange<T>(recipe: Recipe<T>): DocumentChange<T> {
  if (typeof recipe === 'function') return { kind: 'update', recipe };
  const problem = new ReplicationError('INVALID_OPTION', 'update takes a function of a draft');
  return { kind: 'problem', problem };
}

export function setChange<T>(next: T, settings: DocumentSettings<T>): DocumentChange<T> {
  try {
    return { kind: 'set', text: encodeValue(next, settings.budget) };
  } catch (problem) {
    return { kind: 'problem', problem };
  }
}

function refuseAsync(result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return;
  // It will fail on the closed draft; that this is refused is told below, by its task.
  Promise.resolve(result).catch(() => {});
  const hint = 'await first, then call update with what came of it';
  throw new ReplicationError('INVALID_OPTION', `A change function must not be async: ${hint}`);
}

/** The state after `changes`, which are all or none. */
function run<T>(
  state: unknown,
  changes: ReadonlyArray<DocumentChange<T>>,
  settings: DocumentSettings<T>,
): unknown {
  let session: readonly [draft: unknown, finalize: () => unknown] | null = null;
  let current = state;
  for (const change of changes) {
    if (change.kind === 'problem') throw change.problem;
    if (change.kind === 'set') {
      session?.[1]();
      session = null;
      current = decodeValue(change.text, settings.budget);
      continue;
    }
    if (session === null) {
      if (kindOf(current) === 'leaf') {
        const hint = 'use set to replace it';
        throw new ReplicationError('INVALID_OPTION', `This document is no container: ${hint}`);
      }
      session = create(current as object);
    }
    refuseAsync(change.recipe(session[0] as Draft<T>));
  }
  return session === null ? current : session[1]();
}

function inspector<T>({ budget }: DocumentSettings<T>): Inspect {
  return (value, path) => {
    if (surveyValue(value, budget, path.length) !== undefined) return;
    const { code, message } = explainRefusal(value, budget, path.length);
    throw new ReplicationError(
      code,
      message.replace(/^value/, () => pathText(path)),
    );
  };
}

interface Step {
  readonly next: unknown;
  /** Absent when nothing changed. */
  readonly delta: DocumentDelta | undefined;
}

function attempt<T>(
  state: unknown,
  changes: ReadonlyArray<DocumentChange<T>>,
  settings: DocumentSettings<T>,
): MaybePromise<Step> {
  const next = run(state, changes, settings);
  const node = diff(state, next, inspector(settings));
  if (node === undefined) return { next, delta: undefined };
  const step: Step = { next, delta: documentDelta(node, settings.wireBudget) };
  if (settings.schema === undefined) return step;
  return chain(findProblem(settings.schema, next), (problem) => {
    if (problem !== null) throw schemaRefusal(problem);
    return step;
  });
}

function group(
  delta: DocumentDelta | undefined,
  rejected: BuiltGroup<DocumentDelta>['rejected'],
): BuiltGroup<DocumentDelta> {
  return delta === undefined ? { rejected } : { delta, rejected };
}

async function oneByOne<T>(
  state: unknown,
  changes: ReadonlyArray<DocumentChange<T>>,
  settings: DocumentSettings<T>,
): Promise<BuiltGroup<DocumentDelta>> {
  const rejected: Array<{ index: number; error: unknown }> = [];
  let current = state;
  for (const [index, change] of changes.entries()) {
    try {
      current = (await attempt(current, [change], settings)).next;
    } catch (error) {
      rejected.push({ index, error });
    }
  }
  const node = diff(state, current);
  return group(node && documentDelta(node, settings.wireBudget), rejected);
}

/**
 * One delta of a group of changes; those that fail do so by their place, and alone.
 * @throws {ReplicationError} TOO_LARGE when only all of them together are.
 */
export function buildDocument<T>(
  state: unknown,
  changes: ReadonlyArray<DocumentChange<T>>,
  settings: DocumentSettings<T>,
): MaybePromise<BuiltGroup<DocumentDelta>> {
  // Whatever a group fails of comes again one by one, and is put to the change that causes it.
  try {
    const built = chain(attempt(state, changes, settings), ({ delta }) => group(delta, []));
    return isPending(built) ? built.catch(() => oneByOne(state, changes, settings)) : built;
  } catch {
    return oneByOne(state, changes, settings);
  }
}
